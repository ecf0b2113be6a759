"""The cases that devhost has added to those that came with the extension's program."""

from tests.fidelity import (
    cases_addresses,
    cases_crowds,
    cases_purges,
    cases_reviews,
    cases_trees,
    cases_versions,
    cases_waits,
)
from tests.fidelity.scripts import Case

CASES: dict[str, Case] = (
    cases_trees.CASES | cases_reviews.CASES | cases_crowds.CASES | cases_waits.CASES | cases_addresses.CASES
)
LATE_CASES: dict[str, Case] = cases_purges.LATE_CASES
# On a host whose instances have versions.
VERSIONED_CASES: dict[str, Case] = cases_versions.CASES
