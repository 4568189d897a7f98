"""The one bridge between synchronous calls and coroutines.

A public function and the twin of it that can be awaited are written once, as a coroutine function
whose first parameter waits::

    @blocking
    async def checkpoint(waiter: Waiter, /, label: str | None = None) -> Report:
        session = await waiter(open_session(), "its storage")
        ...

    acheckpoint = awaitable(checkpoint)

Both keep the rest of the signature, for type checkers and for ``help``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from functools import wraps
from types import MethodType
from typing import Any, Concatenate, ParamSpec, TypeVar

from .platform import IN_BROWSER

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")
_Self = TypeVar("_Self")

_WAITS = "litestate_waits"
"""Attribute of the functions that have a twin."""


def run_to_completion(coroutine: Coroutine[Any, Any, _Result]) -> _Result:
    """Run a coroutine that never suspends, and return its result."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: _Result = stop.value
        return result
    coroutine.close()
    raise AssertionError("the coroutine suspended")


def wait(coroutine: Coroutine[Any, Any, _Result], advice: str) -> _Result:
    """Wait for a coroutine inside of a synchronous call, and return or raise what it does.

    Outside of the browser no coroutine of litestate suspends, so there is nothing to wait for.

    Parameters
    ----------
    coroutine : coroutine
        What to wait for.
    advice : str
        Message of the error: what to do in a browser that cannot wait.

    Raises
    ------
    NeedsAsyncError
        If this browser cannot wait inside of a call.
    """
    if not IN_BROWSER:
        return run_to_completion(coroutine)
    from .browser.kernel import wait_in_call

    return wait_in_call(coroutine, advice)


class Waiter:
    """Waits for coroutines on behalf of a public function.

    Parameters
    ----------
    twin : str or None, optional
        Name of the function to await where a call cannot wait. None if the caller awaits already.
    """

    def __init__(self, twin: str | None = None) -> None:
        self._twin = twin

    @property
    def is_awaited(self) -> bool:
        """Whether it may suspend, so that it waits in any browser."""
        return self._twin is None

    async def __call__(
        self, coroutine: Coroutine[Any, Any, _Result], what: str, *, otherwise: str = ""
    ) -> _Result:
        """Wait for a coroutine, and return or raise what it does.

        Without a twin this suspends, and otherwise it never does.

        Parameters
        ----------
        coroutine : coroutine
            What to wait for.
        what : str
            The same in words, for the message of the error.
        otherwise : str, optional
            What a user can do instead of awaiting the twin.

        Raises
        ------
        NeedsAsyncError
            If this browser cannot wait inside of a call.
        """
        if self._twin is None:
            return await coroutine
        more = f", or {otherwise}" if otherwise else ""
        return wait(
            coroutine,
            f"This browser cannot wait for {what} inside a call. Write `await {self._twin}()` "
            f"instead (from litestate import {self._twin}){more}.",
        )


AWAITED = Waiter()
"""Waits where the caller awaits."""


def blocking(
    function: Callable[Concatenate[Waiter, _Parameters], Coroutine[Any, Any, _Result]],
) -> Callable[_Parameters, _Result]:
    """Make a synchronous function out of a coroutine function, whose first parameter waits.

    The name of its twin is its own with an ``a`` in front.
    """
    waiter = Waiter(f"a{function.__name__}")

    @wraps(function)
    def call(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result:
        return run_to_completion(function(waiter, *args, **kwargs))

    setattr(call, _WAITS, True)
    _hide_parameter(call, function, 0)
    return call


def blocking_call(
    method: Callable[Concatenate[_Self, Waiter, _Parameters], Coroutine[Any, Any, _Result]],
) -> Callable[Concatenate[_Self, _Parameters], _Result]:
    """Do what `blocking` does, for the ``__call__`` of an object that stands for a function.

    The name of the twin is that of the class, in lower case, with an ``a`` in front.
    """
    waiter = Waiter(f"a{method.__qualname__.split('.')[-2].lower()}")

    @wraps(method)
    def call(self: _Self, /, *args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result:
        return run_to_completion(method(self, waiter, *args, **kwargs))

    setattr(call, _WAITS, True)
    _hide_parameter(call, method, 1)
    return call


def awaitable(
    function: Callable[_Parameters, _Result],
) -> Callable[_Parameters, Coroutine[Any, Any, _Result]]:
    """Return the twin of a function that `blocking` or `blocking_call` has made."""
    coroutine_function: Any = inspect.unwrap(function)
    name = function.__name__
    if isinstance(function, MethodType):
        coroutine_function = MethodType(coroutine_function, function.__self__)
        name = type(function.__self__).__name__.lower()

    async def call(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result:
        result: _Result = await coroutine_function(AWAITED, *args, **kwargs)
        return result

    call.__name__ = call.__qualname__ = f"a{name}"
    call.__module__ = function.__module__
    call.__doc__ = (
        f"Do what `{name}` does, with ``await``: for browsers that cannot wait inside a call."
    )
    _hide_parameter(call, coroutine_function, 0)
    return call


def awaited(function: Callable[..., Any]) -> Callable[..., Coroutine[Any, Any, Any]]:
    """Return what to await in place of a call: the twin of a function of litestate.

    Any other function, of the user's, is called as it is.
    """
    method = vars(type(function)).get("__call__")
    if getattr(function, _WAITS, False):
        return awaitable(function)
    if getattr(method, _WAITS, False):
        return awaitable(MethodType(method, function))

    async def call(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return call


def _hide_parameter(call: Any, function: Callable[..., object], index: int) -> None:
    """Give a function the signature of another one, without one of its parameters."""
    signature = inspect.signature(function)
    parameters = list(signature.parameters.values())
    waiter = parameters.pop(index)
    call.__signature__ = signature.replace(parameters=parameters)
    annotations = getattr(function, "__annotations__", {})
    call.__annotations__ = {name: it for name, it in annotations.items() if name != waiter.name}
