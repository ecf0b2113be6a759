"""Make the sample documents and their manifest, the same bytes every time: `python -m samples.make_samples`.

ground_truth/*.txt is the source: each document is drawn from the text file of its name. Only the text of the
contract is generated.
"""

import argparse
import json
import sys
from pathlib import Path

from samples.catalog import SAMPLES, Sample
from samples.large_document import agreement_pages

HERE = Path(__file__).parent
PAGE_BREAK = "\f"
CONTRACT_PAGES, CONTRACT_SEED = 24, 24


def make_samples(target: Path) -> None:
    """Write documents/, ground_truth/ and manifest.json below a folder.

    Raises:
        ValueError: a text does not fit on its page.
    """
    for folder in ("documents", "ground_truth"):
        (target / folder).mkdir(parents=True, exist_ok=True)
    for sample in SAMPLES:
        text = _source_text(sample)
        # Bytes, so that line ends are the same on every system.
        (target / "ground_truth" / sample.text_file).write_bytes(text.encode())
        (target / "documents" / sample.file).write_bytes(sample.draw(text.split(PAGE_BREAK)))
    manifest = {"documents": [sample.to_manifest() for sample in SAMPLES]}
    manifest_json = json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"
    (target / "manifest.json").write_bytes(manifest_json.encode())


def _source_text(sample: Sample) -> str:
    if sample.file == "contract.pdf":
        return PAGE_BREAK.join(page + "\n" for page in agreement_pages(CONTRACT_PAGES, CONTRACT_SEED))
    return (HERE / "ground_truth" / sample.text_file).read_bytes().decode()


def main() -> int:
    """Make the samples and list them with their sizes."""
    parser = argparse.ArgumentParser(prog="python -m samples.make_samples", description=__doc__.split("\n")[0])
    parser.add_argument("--output", type=Path, default=HERE, help="where to write (default: the samples folder)")
    target = parser.parse_args().output
    make_samples(target)
    for sample in SAMPLES:
        size_bytes = (target / "documents" / sample.file).stat().st_size
        print(f"{sample.file:<22} {size_bytes:>8,} bytes  {sample.shows}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
