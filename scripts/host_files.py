"""Write the host.json of each further durable backend anew from the repository's own.

They are equal but for `storageProvider`, which each keeps: after a change of host.json, run this.
"""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_PROVIDER = re.compile(r'"storageProvider": \{[^{}]*\}')


def with_provider_of(backend: str, own: str) -> str:
    """The repository's host.json (``own``) with the storage provider of another one (``backend``)."""
    provider = _PROVIDER.search(backend)
    if provider is None or len(_PROVIDER.findall(own)) != 1:
        raise ValueError('each host.json needs one "storageProvider": {...} without objects in it')
    return _PROVIDER.sub(lambda _: provider[0], own)


def write_all(root: Path) -> None:
    """Write every infra/hosts/host.*.json."""
    own = (root / "host.json").read_text()
    for path in sorted((root / "infra" / "hosts").glob("host.*.json")):
        path.write_text(with_provider_of(path.read_text(), own))


if __name__ == "__main__":
    write_all(ROOT)
