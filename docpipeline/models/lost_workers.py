"""Failures of an activity that say nothing of the activity: the platform lost the worker process that ran it.

When a worker process ends, or a function in it exceeds its time, the Functions host fails everything that ran
beside it, and the Durable extension takes that for the activity's own failure. Only the text tells them apart.
"""

import re
from collections.abc import Mapping
from typing import Final

TEXTS: Final[Mapping[str, str]] = {
    # azure-functions-host: WorkerProcess.cs, pull requests 5926 and 8260. Seen with Durable Functions:
    # azure-functions-durable-js issue 543, azure-functions-durable-extension issues 2486 and 2788.
    r"\S+ exited with code -?\d+": "the worker process ended",
    # azure-functions-host issue 11500. The extension has it in its own list, OutOfProcMiddleware.cs, which it uses
    # for its newer protocol only.
    r"No process is associated with this object\.": "the worker process ended, and the host had not noticed",
    # azure-functions-host: RpcFunctionInvocationDispatcherLoadBalancer.cs;
    # azure-functions-durable-extension issue 2621.
    r"Did not find any initialized language workers": "the worker process was being replaced",
    # azure-functions-host: pull request 11159.
    r"Worker channel is shutting down\. Aborting function\.": "the worker process was being shut down",
    # azure-webjobs-sdk: FunctionExecutor.cs. What runs beside the culprit fails with the same text; since pull
    # request 11453 of azure-functions-host it has two more sentences.
    r"Timeout value of [\d.:]+ was exceeded by function: "
    r"Functions\.(?P<culprit>[\w-]+)(?P<aborted>\. Worker channel)?": (
        "the worker process was replaced, because a function in it exceeded its time"
    ),
}
"""How such texts begin, and what each means for people. The last may also be an activity's own."""

_PATTERNS = {re.compile(pattern): meaning for pattern, meaning in TEXTS.items()}
# A host that is not .NET names the exception where a worker names the type of what was raised.
_NAMED_EXCEPTION = re.compile(
    r"\A (?:Microsoft\.Azure\.WebJobs\.[\w.]*)?"
    r"(?:WorkerProcessExit|FunctionTimeout|FunctionTimeoutAbort)Exception: "
)


def lost_worker(failure: Exception, activity: str) -> str | None:
    """What became of the worker that ran ``activity``, in words; None when the activity itself failed.

    The text of ``failure`` is "Activity function 'NAME' failed: " and the platform's text, or another blank and
    what the function raised, type first. So nothing that a function raises looks like the platform's text,
    whatever content it quotes. An activity's own timeout is its own failure.
    """
    prefix, text = f"Activity function '{activity}' failed: ", str(failure)
    if not text.startswith(prefix):
        return None
    reason = _NAMED_EXCEPTION.sub("", text.removeprefix(prefix))
    for pattern, meaning in _PATTERNS.items():
        found = pattern.match(reason)
        if found and not _is_own_timeout(found, activity):
            return meaning
    return None


def _is_own_timeout(found: re.Match[str], activity: str) -> bool:
    groups = found.groupdict()
    return groups.get("culprit") == activity and not groups.get("aborted")
