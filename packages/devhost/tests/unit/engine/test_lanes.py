from collections.abc import Callable

from devhost.engine.lanes import Conclude, Lane


class NoRunner:
    """Does nothing; these tests begin no work."""

    def begin(self, key: str, ended: Callable[[Conclude], None]) -> bool:
        """See ``lanes.Runner``."""
        return False


def a_lane(limit: int = 2) -> Lane[str]:
    return Lane("instance", NoRunner(), limit)


def test_keys_are_taken_in_the_order_of_their_coming_and_no_more_than_may_run() -> None:
    lane = a_lane(limit=2)
    for key in ("a", "b", "a", "c"):
        lane.add(key)
    assert lane.take() == ["a", "b"]
    assert lane.take() == []


def test_a_function_that_has_answered_makes_room_before_its_answer_is_written() -> None:
    lane = a_lane(limit=1)
    lane.add("a")
    lane.add("b")
    lane.take()
    lane.conclude("a")
    assert lane.take() == ["b"]
    assert lane.at_work == {"a", "b"}


def test_a_key_that_becomes_ready_while_it_is_at_work_is_worked_on_once_more() -> None:
    lane = a_lane()
    lane.add("a")
    lane.take()
    lane.add("a")
    assert lane.take() == []
    lane.conclude("a")
    lane.add("a")
    lane.finish("a")
    assert lane.take() == ["a"]
    lane.finish("a")
    assert lane.is_idle


def test_work_that_must_be_repeated_is_ready_again() -> None:
    lane = a_lane()
    lane.add("a")
    lane.take()
    lane.finish("a", must_repeat=True)
    assert not lane.is_idle
    assert lane.take() == ["a"]


def test_work_that_cannot_be_written_keeps_its_place_while_it_is_tried_again() -> None:
    lane = a_lane(limit=1)
    lane.add("a")
    lane.add("b")
    lane.take()
    lane.conclude("a")
    lane.hold("a")
    assert lane.take() == []
    lane.conclude("a")
    assert lane.take() == []
    lane.finish("a")
    assert lane.take() == ["b"]
