import logging

import pytest

from devhost.engine.errors import DatabaseUnusable
from devhost.engine.postponed import log_failures


def test_what_the_disk_says_is_logged_once_for_all_that_it_concerns(caplog: pytest.LogCaptureFixture) -> None:
    full = DatabaseUnusable("hub.db", OSError("the disk is full"))
    log_failures([("activity", 1, full), ("instance", "one", full), ("activity", 2, full)])
    (record,) = caplog.records
    text = record.getMessage()
    assert text.startswith("The activity '1' and 2 more could not be done; it will be tried again. The database")
    assert "Free some space on the disk" in text
    assert record.exc_info is None


def test_a_fault_of_another_kind_is_logged_with_its_trace(caplog: pytest.LogCaptureFixture) -> None:
    log_failures([("entity", "@counter@k", RuntimeError("can't start new thread"))])
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "can't start new thread" in caplog.text
