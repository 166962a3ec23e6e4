"""What the official OpenAI client makes of errors: the model server's own, and those of the filter."""

import time

import openai

from cases import case, main, raised

MESSAGES = [{"role": "user", "content": "Will it rain?"}]


def connect(url, max_retries=0):
    return openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=max_retries)


def ask(url, model="base", messages=MESSAGES, **more):
    return lambda: connect(url).chat.completions.create(model=model, messages=messages, max_tokens=4, **more)


def check(error, type, code):
    """The client takes the error object out of its wrapper: `body` is what stands inside."""
    assert isinstance(error.body, dict), error.body
    assert set(error.body) == {"message", "type", "param", "code"}, error.body
    assert error.body["message"] and error.body["message"] in error.message
    assert (error.type, error.code) == (type, code), (error.type, error.code)
    assert error.response.headers["content-type"] == "application/json"


def by_filter(error):
    assert "x-inference-pod" not in error.response.headers, "a model server has answered"


@case
def model_server(url):
    """openai: errors of the model server pass as they are"""
    bad = raised(openai.BadRequestError, ask(url, messages=[]))
    check(bad, "BadRequestError", "400")
    missing = raised(openai.NotFoundError, ask(url, model="other"))
    check(missing, "NotFoundError", "404")


@case
def bad_body(url):
    """openai: bodies that nobody can serve: BadRequestError"""
    client = connect(url)
    for path in ("/chat/completions", "/completions", "/responses", "/embeddings"):
        for body in ({"messages": MESSAGES}, [MESSAGES], {"model": 3, "input": "Hi"}):
            call = lambda: client.post(path, body=body, cast_to=object)
            error = raised(openai.BadRequestError, call)
            check(error, "invalid_request_error", None)
            by_filter(error)


@case
def filtered_out(url):
    """openai: no endpoint passes the filters: RateLimitError"""
    error = raised(openai.RateLimitError, ask(url))
    check(error, "rate_limit_error", "rate_limit_exceeded")
    by_filter(error)
    raised(openai.RateLimitError, ask(url, stream=True))


BATCH = {"x-llm-d-inference-objective": "batch"}


def turned_away(url, reason, **more):
    """A call that is answered 429 for this reason. Its error's headers."""
    error = raised(openai.RateLimitError, ask(url, **more))
    assert error.status_code == 429
    check(error, "rate_limit_error", "rate_limit_exceeded")
    by_filter(error)
    headers = error.response.headers
    assert headers["x-llm-d-request-dropped-reason"] == reason, headers
    return headers


@case
def shed(url):
    """openai: turned away for its priority while the pool is saturated: RateLimitError"""
    assert "retry-after" not in turned_away(url, "rejected-saturated", extra_headers=BATCH)
    turned_away(url, "rejected-saturated", extra_headers=BATCH, stream=True)
    assert ask(url)().choices


@case
def queue_full(url):
    """openai: no room to wait: RateLimitError, with retry-after"""
    headers = turned_away(url, "rejected-saturated")
    assert 1 <= int(headers["retry-after"]) <= 60, headers
    turned_away(url, "rejected-saturated", stream=True)


@case
def expired(url):
    """openai: waited for as long as it may: RateLimitError, with retry-after"""
    headers = turned_away(url, "rejected-ttl-expired")
    assert 1 <= int(headers["retry-after"]) <= 60, headers


@case
def no_endpoint(url):
    """openai: no endpoint takes requests: InternalServerError with status 503"""
    error = raised(openai.InternalServerError, ask(url, stream=True))
    assert error.status_code == 503
    check(error, "server_error", "service_unavailable")
    assert error.response.headers["x-llm-d-request-dropped-reason"] == "rejected-no-endpoints"


@case
def unavailable(url):
    """openai: no state, or no endpoint: InternalServerError with status 503"""
    error = raised(openai.InternalServerError, ask(url))
    assert error.status_code == 503
    check(error, "server_error", "service_unavailable")
    by_filter(error)
    # The other calls have errors of the same shape.
    client = connect(url)
    for call in (
        lambda: client.embeddings.create(model="base", input="Hi"),
        lambda: client.responses.create(model="base", input="Hi"),
        lambda: client.completions.create(model="base", prompt="Hi"),
        lambda: client.models.list(),
    ):
        check(raised(openai.InternalServerError, call), "server_error", "service_unavailable")


@case
def told_to_wait(url):
    """openai: tries again after retry-after"""
    client = connect(url, max_retries=1)
    began = time.monotonic()
    answer = client.chat.completions.create(model="base", messages=MESSAGES)
    # Without the header the first pause is half a second at most.
    assert answer.id == "second" and time.monotonic() - began >= 1


@case
def rate_limited(url):
    """openai: over a rate limit: RateLimitError, what is left in headers, and a wait as long as it takes"""
    began = time.monotonic()
    first = connect(url).chat.completions.with_raw_response.create(model="base", messages=MESSAGES, max_tokens=4)
    assert first.headers["x-ratelimit-limit-requests"] == "1", first.headers
    assert first.headers["x-ratelimit-remaining-requests"] == "0", first.headers
    error = raised(openai.RateLimitError, ask(url))
    check(error, "rate_limit_error", "rate_limit_exceeded")
    by_filter(error)
    retry_after = int(error.response.headers["retry-after"])
    assert 10 - (time.monotonic() - began) <= retry_after <= 10, error.response.headers
    assert connect(url, max_retries=1).chat.completions.create(model="base", messages=MESSAGES, max_tokens=4).choices
    assert time.monotonic() - began >= 10


main()
