"""The host.json of the chosen durable backend, put into the package in the place of the repository's own.

The repository's own is the one for AzureStorage. azd packages before it provisions, so the backend is read from
the environment and not from what was deployed.
"""

from pathlib import Path

from infra.hooks.errors import HookError

DEFAULT_BACKEND = "AzureStorage"
BACKENDS = (DEFAULT_BACKEND, "Netherite", "DurableTaskScheduler")


def host_file_of(root: Path, backend: str) -> Path:
    """Where the backend's host.json lies. Raises HookError for a backend that does not exist."""
    if backend not in BACKENDS:
        raise HookError(
            f"DURABLE_BACKEND is '{backend}', which is none of {', '.join(BACKENDS)}."
            " Choose one with: azd env set DURABLE_BACKEND <name>"
        )
    return root / "host.json" if backend == DEFAULT_BACKEND else root / "infra" / "hosts" / f"host.{backend}.json"


def put_in_place(root: Path, backend: str) -> None:
    """Before packaging: keep the repository's host.json, and put the backend's in its place.

    Repeat-safe: when an earlier packaging failed before ``restore``, the kept one stays the repository's own.
    """
    chosen = host_file_of(root, backend)
    if _is_a_backends(root):
        restore(root)
    _kept(root).unlink(missing_ok=True)
    if backend == DEFAULT_BACKEND:
        return
    _kept(root).parent.mkdir(exist_ok=True)
    _kept(root).write_bytes((root / "host.json").read_bytes())
    (root / "host.json").write_bytes(chosen.read_bytes())


def restore(root: Path) -> None:
    """After packaging: put the repository's host.json back. Does nothing when it was not replaced."""
    kept = _kept(root)
    if kept.exists():
        kept.replace(root / "host.json")


def _kept(root: Path) -> Path:
    # azd's own folder, which is neither packaged nor committed.
    return root / ".azure" / "host.json.kept"


def _is_a_backends(root: Path) -> bool:
    others = [host_file_of(root, backend) for backend in BACKENDS if backend != DEFAULT_BACKEND]
    return (root / "host.json").read_bytes() in [path.read_bytes() for path in others]
