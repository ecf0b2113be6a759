"""Where the tests find Azurite, and what they say where there is none."""

from pathlib import Path

import pytest

from devhost.testing.azurite import AZURITE_SETTING, find_azurite
from tests.azurite import command_or_skip


def installed_in(folder: Path) -> Path:
    """Put a script where npm would."""
    script = folder / "node_modules" / "azurite" / "dist" / "src" / "azurite.js"
    script.parent.mkdir(parents=True)
    script.touch()
    return script


def test_the_nearest_one_is_taken_unless_the_setting_names_another(tmp_path: Path) -> None:
    above, package = tmp_path, tmp_path / "packages" / "devhost"
    package.mkdir(parents=True)
    assert find_azurite({}, package) is None
    far = installed_in(above)
    assert find_azurite({}, package) == far
    near = installed_in(package)
    assert find_azurite({}, package) == near
    assert find_azurite({AZURITE_SETTING: str(far)}, package) == far


def test_without_one_a_test_is_skipped_with_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(pytest.skip.Exception, match=r"npm install --no-save azurite' in /"):
        command_or_skip({}, tmp_path)


def test_a_setting_that_names_nothing_fails_the_test(tmp_path: Path) -> None:
    with pytest.raises(pytest.fail.Exception, match=r"DEVHOST_AZURITE is .*nowhere\.js, and that or Node"):
        command_or_skip({AZURITE_SETTING: str(tmp_path / "nowhere.js")}, tmp_path)
