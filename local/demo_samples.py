"""The sample documents as `samples/manifest.json` describes them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.errors import DemoError


@dataclass(frozen=True)
class Sample:
    """One sample document, how it is sent and decided, and how its run must end.

    Attributes:
        review: what the demo decides, `approve` or `reject`; None when no review is expected.
        expected_decision: None when any decision is right.
        expected_text: phrases that the extracted text must have, in any layout and case.
    """

    path: Path
    content_type: str
    user_id: str
    priority: str
    review: str | None
    expected_status: str
    expected_decision: str | None
    expected_text: tuple[str, ...]

    @property
    def file(self) -> str:
        """The name of the file."""
        return self.path.name

    @classmethod
    def from_manifest(cls, entry: dict[str, Any], folder: Path) -> Sample:
        """The sample of one entry in the manifest. Raises KeyError, which names a missing key."""
        return cls(
            path=folder / entry["file"],
            content_type=entry["contentType"],
            user_id=entry["userId"],
            priority=entry["priority"],
            review=entry["review"],
            expected_status=entry["expected"]["status"],
            expected_decision=entry["expected"].get("decision"),
            expected_text=tuple(entry["expectedText"]),
        )


def load_samples(samples: Path) -> list[Sample]:
    """The documents of `manifest.json` in this folder, in its order.

    Raises:
        DemoError: the manifest is missing, or an entry lacks something, or a file does.
    """
    manifest = samples / "manifest.json"
    try:
        entries = json.loads(manifest.read_text(encoding="utf-8"))["documents"]
        found = [Sample.from_manifest(entry, samples / "documents") for entry in entries]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DemoError(f"{manifest} cannot be used ({error!r}). Make it anew with: make samples") from error
    missing = [sample.file for sample in found if not sample.path.is_file()]
    if missing:
        raise DemoError(f"{', '.join(missing)} of {manifest} is missing. Make the samples anew with: make samples")
    return found
