"""What came of a call, as a value."""

import pytest

from devhost.engine.functions import FunctionFailed, FunctionResult, OnResult, wait_for

FAILURE = FunctionFailed("ValueError", "no such order")


def exit_the_thread(_value: object = None) -> str:
    raise SystemExit(3)


def test_a_value_is_converted_and_taken_out() -> None:
    result: FunctionResult[str] = FunctionResult("20").map(lambda text: str(int(text or "") + 1))
    assert (result.unwrap(), result.failure) == ("21", None)


def test_a_failure_is_raised_as_often_as_asked_and_never_converted() -> None:
    result: FunctionResult[str] = FunctionResult[str](failure=FAILURE).map(exit_the_thread)
    for _ in range(2):
        with pytest.raises(FunctionFailed, match="no such order"):
            result.unwrap()


def test_whatever_is_raised_on_the_way_is_the_failure() -> None:
    assert isinstance(FunctionResult.of(exit_the_thread).failure, SystemExit)
    assert isinstance(FunctionResult("20").map(exit_the_thread).failure, SystemExit)


def test_waiting_for_a_function_raises_its_failure() -> None:
    def begin(on_result: OnResult[str]) -> None:
        on_result(FunctionResult(failure=FAILURE))

    with pytest.raises(FunctionFailed, match="no such order"):
        wait_for(begin)
