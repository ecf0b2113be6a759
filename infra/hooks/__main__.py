"""``python3 -m infra.hooks <hook>``, from the root of the repository. azure.yaml calls it."""

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from infra.hooks import host_file, provisioning
from infra.hooks.azure import AzdSession
from infra.hooks.errors import HookError

ROOT = Path(__file__).resolve().parents[2]


def group_name(environment_name: str) -> str:
    """The name that main.bicep gives the environment's resource group."""
    abbreviations = json.loads((ROOT / "infra" / "abbreviations.json").read_text())
    return f"{abbreviations['resourcesResourceGroups']}{environment_name}"


def main(arguments: list[str], environ: Mapping[str, str] = os.environ) -> int:
    """Run a hook. Returns the exit code: 0, 1 when it failed, 2 when there is no such hook."""
    backend = environ.get("DURABLE_BACKEND") or host_file.DEFAULT_BACKEND
    group = group_name(environ.get("AZURE_ENV_NAME", ""))
    hooks: dict[str, Callable[[], None]] = {
        "preprovision": lambda: provisioning.before_provisioning(environ, AzdSession(), group),
        "postprovision": lambda: provisioning.after_provisioning(environ, AzdSession()),
        "predown": lambda: provisioning.before_removal(environ, AzdSession()),
        "prepackage": lambda: host_file.put_in_place(ROOT, backend),
        "postpackage": lambda: host_file.restore(ROOT),
    }
    if len(arguments) != 1 or arguments[0] not in hooks:
        print(f"Name one of the hooks: {', '.join(hooks)}.", file=sys.stderr)
        return 2
    try:
        hooks[arguments[0]]()
    except HookError as error:
        print(f"{arguments[0]}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
