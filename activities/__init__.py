"""Activities, one per file: payload in, service calls, payload out. Each may run more than once."""

from activities import (
    announce_end,
    archive_rejected_document,
    complete_document,
    extract_document_text,
    find_recorded_decision,
    handle_approval_timeout,
    log_processing_error,
    record_decision,
    send_completion_notification,
    send_error_notification,
    send_review_notification,
    store_processed_document,
    validate_compliance,
)

blueprints = (
    extract_document_text.bp,
    validate_compliance.bp,
    send_review_notification.bp,
    find_recorded_decision.bp,
    record_decision.bp,
    handle_approval_timeout.bp,
    archive_rejected_document.bp,
    store_processed_document.bp,
    send_completion_notification.bp,
    complete_document.bp,
    announce_end.bp,
    log_processing_error.bp,
    send_error_notification.bp,
)
