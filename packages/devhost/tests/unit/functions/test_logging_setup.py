"""Log lines show what was logged beside the message."""

import logging

from devhost.functions.logging_setup import FieldsFilter


def test_extra_fields_are_shown_and_logging_s_own_are_not() -> None:
    record = logging.getLogger("app").makeRecord(
        "app",
        logging.INFO,
        "f.py",
        1,
        "Review requested",
        (),
        None,
        extra={"document_id": "inv-17", "timeout_hours": 48},
    )
    assert FieldsFilter().filter(record)
    assert record.__dict__["fields"] == " document_id=inv-17 timeout_hours=48"
