"""Every link of the package's pages leads somewhere, and within the package wherever it can."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

PACKAGE = Path(__file__).parents[2]
PAGES = [*sorted(PACKAGE.glob("*.md")), *sorted((PACKAGE / "docs").rglob("*.md"))]
_LINK = re.compile(r"\]\((?!https?://|mailto:)([^)#\s]*)(?:#([^)\s]*))?\)")


def leads_somewhere(source: Path, target: str, anchor: str) -> bool:
    """Whether the file is there, and has the heading."""
    reached = (source.parent / target) if target else source
    if not reached.exists() or not anchor or reached.suffix != ".md":
        return reached.exists()
    headings = re.findall(r"^#+ (.+)$", reached.read_text(), re.MULTILINE)
    return anchor in {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_every_link_leads_somewhere_in_the_package(path: Path) -> None:
    links = [(unquote(target), anchor) for target, anchor in _LINK.findall(path.read_text())]
    broken = [link for link in links if not leads_somewhere(path, *link)]
    outside = [link for link in links if not (path.parent / link[0]).resolve().is_relative_to(PACKAGE)]
    assert (broken, outside) == ([], [])


def test_the_guide_is_linked_from_the_first_page() -> None:
    assert "](docs/guide.md)" in (PACKAGE / "README.md").read_text()
