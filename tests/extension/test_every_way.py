"""Each way through the process, once, on Microsoft's extension.

The tests are those that run on devhost's own engine, with a client of another stack: what a user, a reviewer and
an operator do must come to the same.
"""

from tests.end_to_end.test_approval import (
    flagged,
    test_a_decision_raised_before_the_review_was_requested_does_not_count,
    test_a_decision_raised_through_the_durable_webhook_counts,
    test_a_document_that_is_not_approved_ends_rejected,
    test_an_approved_document_is_completed_with_the_review_in_its_record,
    test_nonsense_raised_through_the_durable_webhook_is_recorded_and_ignored,
    test_of_two_deciders_at_once_one_wins,
    test_the_submitter_cannot_decide,
)
from tests.end_to_end.test_documents import (
    test_a_document_sent_as_a_file_is_completed_and_everything_can_be_read,
    test_a_finished_document_is_processed_again_only_on_request,
    test_the_same_document_many_times_at_once_starts_one_run,
    test_the_same_document_twice_starts_one_run,
)
from tests.end_to_end.test_failing_services import (
    document_id,
    test_a_document_that_cannot_be_read_fails_with_a_clear_error,
    test_a_page_that_was_read_badly_goes_to_a_person_however_good_the_others_are,
    test_extraction_that_hangs_past_its_deadline_fails_the_document,
)
from tests.end_to_end.test_reconciliation import (
    test_a_decision_amid_a_burst_of_events_reaches_its_run_within_two_reconciliations,
    test_a_decision_whose_event_was_dropped_reaches_its_run_within_two_reconciliations,
    test_a_document_reserved_but_never_started_is_started,
    test_a_document_whose_instance_was_purged_is_brought_to_failed,
    test_a_failed_run_that_wrote_no_error_goes_on_with_its_review,
    test_a_run_that_has_not_moved_is_named_and_can_be_brought_back,
    test_a_terminated_document_is_brought_to_failed_and_the_counter_with_it,
    test_history_is_purged_once_it_is_old_enough,
)

__all__ = [
    "document_id",
    "flagged",
    "test_a_decision_amid_a_burst_of_events_reaches_its_run_within_two_reconciliations",
    "test_a_decision_raised_before_the_review_was_requested_does_not_count",
    "test_a_decision_raised_through_the_durable_webhook_counts",
    "test_a_decision_whose_event_was_dropped_reaches_its_run_within_two_reconciliations",
    "test_a_document_reserved_but_never_started_is_started",
    "test_a_document_sent_as_a_file_is_completed_and_everything_can_be_read",
    "test_a_document_that_cannot_be_read_fails_with_a_clear_error",
    "test_a_document_that_is_not_approved_ends_rejected",
    "test_a_document_whose_instance_was_purged_is_brought_to_failed",
    "test_a_failed_run_that_wrote_no_error_goes_on_with_its_review",
    "test_a_finished_document_is_processed_again_only_on_request",
    "test_a_page_that_was_read_badly_goes_to_a_person_however_good_the_others_are",
    "test_a_run_that_has_not_moved_is_named_and_can_be_brought_back",
    "test_a_terminated_document_is_brought_to_failed_and_the_counter_with_it",
    "test_an_approved_document_is_completed_with_the_review_in_its_record",
    "test_extraction_that_hangs_past_its_deadline_fails_the_document",
    "test_history_is_purged_once_it_is_old_enough",
    "test_nonsense_raised_through_the_durable_webhook_is_recorded_and_ignored",
    "test_of_two_deciders_at_once_one_wins",
    "test_the_same_document_many_times_at_once_starts_one_run",
    "test_the_same_document_twice_starts_one_run",
    "test_the_submitter_cannot_decide",
]
