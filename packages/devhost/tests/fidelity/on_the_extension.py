"""`make soak`: Microsoft's extension still answers as it is on record; a new version may not.

A case that differs is asked twice more on a new host, since what the extension does is partly a matter of chance:
it drops events, and lets timers fire early.
"""

from collections.abc import Collection
from typing import Any

import pytest

from devhost.testing import NO_EXTENSION, has_extension
from tests.fidelity import record
from tests.fidelity.comparing import differences
from tests.fidelity.record_extension import ask_once

_TIMES = 3


@pytest.mark.skipif(not has_extension(), reason=NO_EXTENSION)
@pytest.mark.timeout(1500)
def test_the_extension_answers_as_it_did_when_its_answers_were_recorded() -> None:
    recorded = record.recorded()
    differ: dict[str, list[str]] = {name: [] for name in record.CASES}
    for _ in range(_TIMES):
        differ = _differences(differ, recorded)
    assert differ == {}, "record anew, and bring devhost in line: docs/fidelity.md"


def _differences(names: Collection[str], recorded: dict[str, Any]) -> dict[str, list[str]]:
    """Ask anew in these cases, if any, and return what differs from the record."""
    found = ask_once(names) if names else {}
    texts = {name: [str(one) for one in differences(recorded[name], answer)] for name, answer in found.items()}
    return {name: first[:5] for name, first in texts.items() if first}
