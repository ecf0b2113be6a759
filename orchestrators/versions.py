"""Versions of the orchestrator. An instance keeps for life the one that `defaultVersion` of host.json gave it.

1.0  the first
1.1  a try whose worker was lost is no attempt; nor is one that was given another activity's result
"""

import azure.durable_functions as df

LOST_WORKERS_ARE_NO_ATTEMPTS = (1, 1)
RESULTS_MAY_BE_FOREIGN = (1, 1)


def is_at_least(context: df.DurableOrchestrationContext, version: tuple[int, int]) -> bool:
    """Whether the instance is of this version or a newer one. One without a version is older than all."""
    major, _, minor = (context.version or "").partition(".")
    return major.isdecimal() and minor.isdecimal() and (int(major), int(minor)) >= version
