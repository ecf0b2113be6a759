from docpipeline.errors import DocumentFailed
from docpipeline.models.failure import Failure


def test_a_document_that_failed_for_a_known_reason_keeps_its_code() -> None:
    assert Failure.of(DocumentFailed("encrypted", "it asks for a password"), "other") == Failure(
        code="encrypted", message="it asks for a password"
    )


def test_the_failure_of_an_activity_has_the_reason_but_no_stack_trace() -> None:
    error = Exception(
        "Activity function 'validate_compliance' failed:  ServiceUnavailable: compliance: answered 500"
        ' \n {"RemoteStackTrace": "Traceback ..."}'
    )
    assert Failure.of(error, "complianceCheckFailed") == Failure(
        code="complianceCheckFailed", message="compliance: answered 500"
    )


def test_an_error_without_a_message_has_its_type() -> None:
    assert Failure.of(Exception(), "storingFailed").message == "no reason was given"
