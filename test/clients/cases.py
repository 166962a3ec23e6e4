"""Runs cases and prints what came of each as a line of JSON, which clients.test.ts turns into a test."""

import json
import sys
import traceback

_cases = {}


def case(function):
    """Makes a function a case; its name and its docstring say which. It takes the client's base URL."""
    _cases[function.__name__] = function
    return function


def raised(kind, call):
    """The error of the given class that a call raises; a call that raises none has failed."""
    try:
        call()
    except kind as error:
        assert type(error) is kind, f"{type(error).__name__} is not {kind.__name__}"
        return error
    raise AssertionError(f"no {kind.__name__}")


def main():
    """`program URL [name ...]`: the cases of these names, or all."""
    url, *names = sys.argv[1:]
    for name in names or _cases:
        function = _cases[name]
        line = {"name": (function.__doc__ or name).strip()}
        try:
            function(url)
        except Exception:
            line["error"] = traceback.format_exc()
        print(json.dumps(line), flush=True)
