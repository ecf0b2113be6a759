import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

DOCUMENT = Path(__file__).parents[3] / "docs" / "devhost.md"


def test_the_example_of_the_documentation_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    module = ModuleType("documented_example")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(example, str(DOCUMENT), "exec"), module.__dict__)
    module.test_an_order_that_nobody_approves_ends_after_two_days()
