"""The Bicep compiler: finding it, checking files with it, and evaluating the whole deployment offline."""

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BESIDE_THE_REPOSITORY = ROOT.parent / "shared" / "tools" / "bicep" / "bicep"
HOW_TO_GET_IT = (
    "no Bicep compiler was found by BICEP, on the PATH or in ../shared/tools/bicep. `az bicep install` or"
    " https://github.com/Azure/bicep/releases have one"
)
SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
_TENANT = "22222222-2222-2222-2222-222222222222"
_REGION = "westeurope"
_SECONDS = 600.0


def find_compiler(environ: Mapping[str, str] = os.environ) -> Path | None:
    """The compiler that ``BICEP`` names, else one on the PATH, else the one beside the repository."""
    named = environ.get("BICEP")
    if named:
        return Path(named)
    found = shutil.which("bicep", path=environ.get("PATH"))
    if found:
        return Path(found)
    return BESIDE_THE_REPOSITORY if BESIDE_THE_REPOSITORY.exists() else None


class SnapshotError(Exception):
    """The deployment could not be evaluated. The message is the compiler's."""


@dataclass(frozen=True)
class Compiler:
    """Runs the compiler over a folder of Bicep files."""

    program: Path

    def diagnostics(self, folder: Path, command: str = "build") -> list[str]:
        """Every line that ``build`` or ``lint`` says. Each is a failure, though warnings leave the exit code 0."""
        with tempfile.TemporaryDirectory() as scratch:
            target = ["--outdir", scratch] if command == "build" else []
            said = self._run(command, "--pattern", "**/*.bicep", *target, folder=folder)
        return [line.replace(f"{folder}{os.sep}", "") for line in said.splitlines() if line.strip()]

    def unformatted(self, folder: Path) -> list[str]:
        """The files that ``format`` would write otherwise."""
        with tempfile.TemporaryDirectory() as scratch:
            self._run("format", "--pattern", "**/*.bicep", "--outdir", scratch, folder=folder)
            written = {path.relative_to(scratch): path.read_bytes() for path in Path(scratch).rglob("*.bicep")}
        return sorted(str(path) for path, text in written.items() if (folder / path).read_bytes() != text)

    def snapshot(self, main: Path, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Evaluate the deployment of ``main`` without Azure. Raises SnapshotError.

        Returns:
            ``{predictedResources: [{id, type, name, apiVersion, ...}], diagnostics, outputs}``. What only Azure
            knows stays an expression in brackets.
        """
        with tempfile.TemporaryDirectory() as scratch:
            source = Path(scratch) / "run.bicepparam"
            lines = [f"param {name} = {_literal(value)}" for name, value in parameters.items()]
            template = Path(os.path.relpath(main, scratch)).as_posix()
            source.write_text("\n".join([f"using '{template}'", *lines]))
            place = ["--subscription-id", SUBSCRIPTION, "--tenant-id", _TENANT, "--location", _REGION]
            said = self._run("snapshot", source.name, "--mode", "overwrite", *place, folder=Path(scratch))
            written = source.with_suffix(".snapshot.json")
            if not written.exists():
                raise SnapshotError(said)
            return dict(json.loads(written.read_text()))

    def _run(self, *arguments: str, folder: Path) -> str:
        """What the compiler says on standard error."""
        done = subprocess.run(
            [self.program, *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=_SECONDS
        )
        if done.returncode and not done.stderr.strip():
            return f"bicep {arguments[0]} failed with {done.returncode}: {done.stdout.strip()}"
        return done.stderr


def _literal(value: Any) -> str:
    """A value as Bicep writes it."""
    if isinstance(value, str):
        return "'" + re.sub(r"(['\\$])", r"\\\1", value) + "'"
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_literal(name)}: {_literal(inner)}" for name, inner in value.items()) + "}"
    return json.dumps(value)
