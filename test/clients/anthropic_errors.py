"""What the official Anthropic client makes of errors: the model server's own, and those of the filter."""

import time

import anthropic
from anthropic import _exceptions

from cases import case, main, raised

MESSAGES = [{"role": "user", "content": "Will it rain?"}]


def ask(url, model="base", messages=MESSAGES, max_retries=0, **more):
    client = anthropic.Anthropic(base_url=url, api_key="none", max_retries=max_retries)
    return lambda: client.messages.create(model=model, messages=messages, max_tokens=4, **more)


def check(error, type):
    """`body` is the whole answer."""
    assert isinstance(error.body, dict), error.body
    assert set(error.body) == {"type", "error"} and error.body["type"] == "error", error.body
    assert set(error.body["error"]) == {"type", "message"}, error.body
    assert error.body["error"]["message"]
    assert error.type == type, error.type
    assert error.response.headers["content-type"] == "application/json"


def by_filter(error):
    assert "x-inference-pod" not in error.response.headers, "a model server has answered"


@case
def model_server(url):
    """anthropic: errors of the model server pass as they are"""
    check(raised(anthropic.BadRequestError, ask(url, messages=[])), "invalid_request_error")
    check(raised(anthropic.NotFoundError, ask(url, model="other")), "not_found_error")


@case
def bad_body(url):
    """anthropic: bodies that nobody can serve: BadRequestError"""
    client = anthropic.Anthropic(base_url=url, api_key="none", max_retries=0)
    for path in ("/v1/messages", "/v1/messages/count_tokens"):
        for body in ({"messages": MESSAGES}, [MESSAGES], {"model": 3, "messages": MESSAGES}):
            error = raised(anthropic.BadRequestError, lambda: client.post(path, body=body, cast_to=object))
            check(error, "invalid_request_error")
            by_filter(error)


@case
def filtered_out(url):
    """anthropic: no endpoint passes the filters: RateLimitError"""
    error = raised(anthropic.RateLimitError, ask(url))
    check(error, "rate_limit_error")
    by_filter(error)
    raised(anthropic.RateLimitError, ask(url, stream=True))


BATCH = {"x-llm-d-inference-objective": "batch"}


def turned_away(url, reason, **more):
    """A call that is answered 429 for this reason. Its error's headers."""
    error = raised(anthropic.RateLimitError, ask(url, **more))
    assert error.status_code == 429
    check(error, "rate_limit_error")
    by_filter(error)
    headers = error.response.headers
    assert headers["x-llm-d-request-dropped-reason"] == reason, headers
    return headers


@case
def shed(url):
    """anthropic: turned away for its priority while the pool is saturated: RateLimitError"""
    assert "retry-after" not in turned_away(url, "rejected-saturated", extra_headers=BATCH)
    turned_away(url, "rejected-saturated", extra_headers=BATCH, stream=True)
    assert ask(url)().content


@case
def queue_full(url):
    """anthropic: no room to wait: RateLimitError, with retry-after"""
    headers = turned_away(url, "rejected-saturated")
    assert 1 <= int(headers["retry-after"]) <= 60, headers
    turned_away(url, "rejected-saturated", stream=True)


@case
def expired(url):
    """anthropic: waited for as long as it may: RateLimitError, with retry-after"""
    headers = turned_away(url, "rejected-ttl-expired")
    assert 1 <= int(headers["retry-after"]) <= 60, headers


@case
def no_endpoint(url):
    """anthropic: no endpoint takes requests: an InternalServerError with status 503"""
    error = raised(_exceptions.ServiceUnavailableError, ask(url, stream=True))
    assert isinstance(error, anthropic.InternalServerError)
    check(error, "overloaded_error")
    assert error.response.headers["x-llm-d-request-dropped-reason"] == "rejected-no-endpoints"


@case
def unavailable(url):
    """anthropic: no state, or no endpoint: an InternalServerError with status 503"""
    error = raised(_exceptions.ServiceUnavailableError, ask(url))
    assert isinstance(error, anthropic.InternalServerError)
    assert error.status_code == 503
    check(error, "overloaded_error")
    by_filter(error)


@case
def told_to_wait(url):
    """anthropic: tries again after retry-after"""
    began = time.monotonic()
    answer = ask(url, max_retries=1)()
    # Without the header the first pause is half a second at most.
    assert answer.id == "second" and time.monotonic() - began >= 1


@case
def rate_limited(url):
    """anthropic: over a rate limit: RateLimitError, and a wait as long as it takes"""
    began = time.monotonic()
    ask(url, max_retries=1)()  # another client may just have used the budget
    error = raised(anthropic.RateLimitError, ask(url))
    check(error, "rate_limit_error")
    by_filter(error)
    assert ask(url, max_retries=1)().content
    assert time.monotonic() - began >= 10


main()
