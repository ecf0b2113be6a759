import json

import pytest

from docpipeline.models.lost_workers import TEXTS, lost_worker

ACTIVITY = "validate_compliance"
ENDED = "the worker process ended"
REPLACED = "the worker process was replaced, because a function in it exceeded its time"
TIMEOUT = "Timeout value of 00:35:00 was exceeded by function: Functions."
NAMED = "Microsoft.Azure.WebJobs.Script.Workers.WorkerProcessExitException: "


def failure(text: str, activity: str = ACTIVITY, details: str = "{}") -> Exception:
    """The failure of an activity as the SDK raises it; ``text`` with the blanks before it."""
    return Exception(f"Activity function '{activity}' failed:{text} \n {details}")


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        (" python exited with code 137 (0x89)", ENDED),
        (" /usr/bin/python3 exited with code -1073741819 (0xC0000005)", ENDED),
        (" python exited with code 137\n Traceback of the document's text", ENDED),
        ("  WorkerProcessExitException: python exited with code 3 (0x3)", ENDED),
        (f"  {NAMED}python exited with code 3. The function was run 3 times", ENDED),
        (" No process is associated with this object.", "the worker process ended, and the host had not noticed"),
        (" Did not find any initialized language workers", "the worker process was being replaced"),
        (" Worker channel is shutting down. Aborting function.", "the worker process was being shut down"),
        (f" {TIMEOUT}submit_document", REPLACED),
        (f" {TIMEOUT}validate", REPLACED),
        (f" {TIMEOUT}{ACTIVITY}. Worker channel is shutting down. Aborting function.", REPLACED),
        (f"  Microsoft.Azure.WebJobs.Host.FunctionTimeoutException: {TIMEOUT}extract_document_text", REPLACED),
        (f"  FunctionTimeoutAbortException: {TIMEOUT}extract_document_text", REPLACED),
    ],
)
def test_a_text_of_the_platform_says_what_became_of_the_worker(text: str, meaning: str) -> None:
    details = json.dumps({"$type": "Microsoft.Azure.WebJobs.Script.Workers.WorkerProcessExitException"})
    assert lost_worker(failure(text, details=details), ACTIVITY) == meaning


@pytest.mark.parametrize("text", [f" {TIMEOUT}{ACTIVITY}", f"  FunctionTimeoutException: {TIMEOUT}{ACTIVITY}"])
def test_an_activitys_own_timeout_is_its_own_failure(text: str) -> None:
    assert lost_worker(failure(text), ACTIVITY) is None


PLATFORM_TEXTS = [
    "python exited with code 137 (0x89)",
    "No process is associated with this object.",
    "Did not find any initialized language workers",
    "Worker channel is shutting down. Aborting function.",
    f"{TIMEOUT}submit_document",
]


@pytest.mark.parametrize("quoted", PLATFORM_TEXTS)
@pytest.mark.parametrize(
    "text",
    [
        "  ValueError: {}",
        "  {}",
        "  ValueError: \nActivity function 'validate_compliance' failed: {}",
        "  ValueError: x \n Activity function 'validate_compliance' failed: {} \n {{}}",
        f"  ServiceFault: {NAMED}{{}}",
        "  NotWorkerProcessExitException: {}",
        " Additional content found in JSON reference object. Path '{}', line 1, position 20.",
    ],
)
def test_what_a_function_raises_is_its_own_failure_whatever_it_quotes(text: str, quoted: str) -> None:
    """Content of a document may be in a message of an error; it must not buy the document more tries."""
    assert lost_worker(failure(text.format(quoted)), ACTIVITY) is None


@pytest.mark.parametrize(
    "error",
    [
        Exception("python exited with code 137 (0x89)"),
        Exception(),
        Exception("Orchestrator function 'validate_compliance' failed: python exited with code 137 (0x89)"),
        failure(" python exited with code 137 (0x89)", activity="another_activity"),
        failure(" Non-Deterministic workflow detected"),
    ],
    ids=str,
)
def test_a_failure_of_anything_else_says_nothing_of_a_worker(error: Exception) -> None:
    assert lost_worker(error, ACTIVITY) is None


def test_every_text_of_the_platform_is_quoted_above() -> None:
    assert len(PLATFORM_TEXTS) == len(TEXTS)
