"""The bridge between synchronous calls and coroutines."""

from __future__ import annotations

import asyncio
from typing import NoReturn

import pytest
from litestate import waiting
from litestate.errors import NeedsAsyncError
from litestate.platform import IN_BROWSER
from litestate.waiting import AWAITED, Waiter, awaitable, blocking, run_to_completion

pytestmark = pytest.mark.skipif(
    IN_BROWSER, reason="there a call can wait, and one event loop runs already"
)

SUSPENDED = "the coroutine suspended"


async def answer() -> int:
    return 42


async def suspended() -> int:
    await asyncio.sleep(0)
    return 42


@blocking
async def ask(waiter: Waiter, /, more: int = 0, *, slow: bool = False) -> int:
    """Return the answer."""
    return more + await waiter(suspended() if slow else answer(), "the answer")


aask = awaitable(ask)


def test_both_twins_return_the_result() -> None:
    assert ask(1) == 43
    assert asyncio.run(aask(1, slow=True)) == 43


def test_a_synchronous_call_never_suspends() -> None:
    with pytest.raises(AssertionError, match=SUSPENDED):
        ask(slow=True)
    with pytest.raises(AssertionError, match=SUSPENDED):
        run_to_completion(AWAITED(suspended(), "the answer"))


def test_the_error_names_the_twin(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(coroutine: object, advice: str) -> NoReturn:
        coroutine.close()  # type: ignore[attr-defined]
        raise NeedsAsyncError(advice)

    monkeypatch.setattr(waiting, "wait", refuse)
    with pytest.raises(NeedsAsyncError) as raised:
        ask()
    assert str(raised.value) == (
        "This browser cannot wait for the answer inside a call. Write `await aask()` instead "
        "(from litestate import aask)."
    )
    assert asyncio.run(aask()) == 42


def test_errors_of_the_body_are_those_of_the_call() -> None:
    @blocking
    async def fail(_waiter: Waiter, /) -> NoReturn:
        raise ValueError("as it were")

    with pytest.raises(ValueError, match="as it were"):
        fail()
    assert fail.__name__ == "fail"
