"""App settings: the ``Values`` of local.settings.json, put into the environment before the app is imported."""

import json
import re
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

from devhost.functions.errors import HostConfigError

_PERCENT_NAME = re.compile(r"%([^%]+)%")


def read_json_object(path: Path) -> dict[str, Any]:
    """Read a JSON file that must hold an object; raise HostConfigError naming the file and the place otherwise."""
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        raise HostConfigError(
            f"{path} is not valid JSON: {error.msg} (line {error.lineno}, column {error.colno})."
        ) from error
    if not isinstance(document, dict):
        raise HostConfigError(f"{path} must hold a JSON object, like {{}}.")
    return document


def read_local_settings(app_root: Path) -> dict[str, str]:
    """Read ``Values`` of the app's local.settings.json; an absent file means no settings.

    Raises HostConfigError for an encrypted file or a value that is not plain text.
    """
    path = app_root / "local.settings.json"
    if not path.exists():
        return {}
    document = read_json_object(path)
    if document.get("IsEncrypted") is True:
        raise HostConfigError(f"{path} is encrypted. Run `func settings decrypt` in {app_root}, then start again.")
    values = document.get("Values", {})
    if not isinstance(values, dict):
        raise HostConfigError(f'{path}: "Values" must be an object of setting names and texts.')
    return {name: _as_text(path, name, value) for name, value in values.items()}


def _as_text(path: Path, name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise HostConfigError(f'{path}: the setting "{name}" must be a text in quotes.')


def apply_settings(values: Mapping[str, str], environ: MutableMapping[str, str]) -> None:
    """Put settings into the environment; variables that are already set win, as with Core Tools."""
    for name, value in values.items():
        environ.setdefault(name, value)


def resolve_setting_names(text: str, settings: Mapping[str, str]) -> str:
    """Replace each ``%NAME%`` by that app setting; raise HostConfigError for one that is not set."""

    def value_of(match: re.Match[str]) -> str:
        name = match[1]
        if name not in settings:
            raise HostConfigError(
                f"%{name}% is used, but the setting {name} is not set. Add it under Values in local.settings.json."
            )
        return settings[name]

    return _PERCENT_NAME.sub(value_of, text)


def is_disabled(function_name: str, settings: Mapping[str, str]) -> bool:
    """Whether ``AzureWebJobs.<name>.Disabled`` (or its form with ``__``, for shells) is ``true`` or ``1``."""
    setting_names = {
        f"azurewebjobs.{function_name}.disabled".lower(),
        f"azurewebjobs__{function_name}__disabled".lower(),
    }
    return any(
        name.lower() in setting_names and value.lower() in ("true", "1") for name, value in settings.items()
    )
