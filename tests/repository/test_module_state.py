"""Only `docpipeline.composition` keeps state in a module: whoever must replace it finds all of it there.

Read from the syntax trees, so that nothing hides behind an import that no test makes.
"""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("activities", "docpipeline", "entities", "orchestrators", "triggers")
THE_PLACE_FOR_STATE = "docpipeline/composition.py"
UNCHANGING = {
    "AtMost", "ConfigDict", "Field", "TypeVar", "datetime", "field", "frozenset", "getLogger", "re.compile",
    "timedelta", "tuple",
}  # fmt: skip
"""Calls whose results cannot be changed, or are kept by their own library for the whole process (loggers)."""
PER_CONTEXT = {"ContextVar"}
"""Holds one value for each task, set and reset by the one who set it: no two requests see the same."""
REGISTRATIONS = {"df.Blueprint", "df.DFApp"}
MUTATORS = {
    "add", "append", "clear", "discard", "extend", "insert", "pop", "popitem", "remove", "setdefault", "update",
}  # fmt: skip


def product_files() -> list[str]:
    """Every file of the product, but for the one place for state."""
    found = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    relative = [path.relative_to(ROOT).as_posix() for path in found]
    return [path for path in relative if path != THE_PLACE_FOR_STATE]


def state_in(tree: ast.Module, module: str | None = None) -> Iterator[str]:
    """What may change while the process runs, in words. ``module`` is imported to see whose classes are frozen."""
    for target, value in assigned(tree.body):
        if not is_unchanging(value, module) and not is_constant_table(target, value):
            yield f"line {value.lineno}: '{target}' can be changed; make it a part of composition.Services"
    tables = {target for target, value in assigned(tree.body) if is_constant_table(target, value)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            yield f"line {node.lineno}: 'global {', '.join(node.names)}'"
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from (
                f"line {node.lineno}: '{node.name}' is cached" for one in node.decorator_list if is_cache(one)
            )
        elif isinstance(node, ast.stmt | ast.expr) and changed_name(node) in tables:
            yield f"line {node.lineno}: '{changed_name(node)}' is changed"


def assigned(body: list[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    """Names and values that a module or a class assigns when it is loaded, also within ``if`` and ``try``."""
    for node in body:
        if isinstance(node, ast.Assign):
            yield from ((ast.unparse(target), node.value) for target in node.targets)
        elif isinstance(node, ast.AnnAssign | ast.AugAssign) and node.value is not None:
            yield ast.unparse(node.target), node.value
        for inner in ("body", "orelse", "finalbody"):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield from assigned(getattr(node, inner, []))


def is_unchanging(value: ast.expr, module: str | None) -> bool:
    """Whether the value of this expression stays what it is."""
    match value:
        case ast.Constant() | ast.JoinedStr() | ast.Lambda() | ast.Name() | ast.Attribute() | ast.Compare():
            return True
        case ast.Tuple(elts=parts) | ast.BoolOp(values=parts):
            return all(is_unchanging(part, module) for part in parts)
        case ast.BinOp(left=left, right=right):
            return is_unchanging(left, module) and is_unchanging(right, module)
        case ast.UnaryOp(operand=operand) | ast.Subscript(value=operand):
            return is_unchanging(operand, module)
        case ast.Call(func=function):
            name = ast.unparse(function)
            known = UNCHANGING | PER_CONTEXT | REGISTRATIONS
            return name in known or name.rpartition(".")[2] in known or is_frozen(name, module)
        case _:
            return False


def is_constant_table(target: str, value: ast.expr) -> bool:
    """Whether this is a table by its name, ``LIKE_THIS``: a dict, set or list that nothing may change."""
    displays = ast.Dict | ast.Set | ast.List | ast.DictComp | ast.SetComp | ast.BinOp
    is_table = isinstance(value, displays) or ast.unparse(value).startswith(("list(", "dict(", "set("))
    return is_table and target == target.upper()


def is_frozen(name: str, module: str | None) -> bool:
    """Whether ``name`` is a class of ours in ``module`` whose instances are frozen."""
    if module is None or not name.isidentifier():
        return False
    one = getattr(importlib.import_module(module), name, None)
    config = getattr(one, "model_config", {})
    return bool(getattr(getattr(one, "__dataclass_params__", None), "frozen", config.get("frozen", False)))


def is_cache(decorator: ast.expr) -> bool:
    """Whether a decorator keeps results for as long as the process runs."""
    name = ast.unparse(decorator.func if isinstance(decorator, ast.Call) else decorator)
    return name.rpartition(".")[2] in ("cache", "lru_cache")


def changed_name(node: ast.AST) -> str | None:
    """The name of the table that a statement or a call changes."""
    match node:
        case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()):
            return name
        case ast.AugAssign(target=ast.Name(id=name)):
            return name
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attribute)) if attribute in MUTATORS:
            return name
    return None


@pytest.mark.parametrize("path", product_files())
def test_a_module_keeps_no_state(path: str) -> None:
    module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    assert list(state_in(ast.parse((ROOT / path).read_text()), module)) == []


@pytest.mark.parametrize(
    "source",
    [
        "seen = {}",
        "seen: dict[str, str] = {}",
        "try:\n    queue = []\nfinally:\n    pass",
        "class Counter:\n    counts = {}",
        "lock = threading.Lock()",
        "checkup = Checkup()",
        "client = make_client()",
        "_pair = (1, [])",
        "SEEN = {}\ndef remember(key):\n    SEEN[key] = 1",
        "SEEN = set()\ndef remember(key):\n    SEEN.add(key)",
        "SEEN = [1]\ndef remember(key):\n    SEEN.append(key)",
        "SIZES = {1}\ndef grow():\n    SIZES |= {2}",
        "x = None\ndef f():\n    global x\n    x = 1",
        "@functools.cache\ndef f(): ...",
        "@lru_cache(maxsize=1)\nasync def f(): ...",
    ],
)
def test_state_is_found_in_every_guise(source: str) -> None:
    assert list(state_in(ast.parse(source))) != []


@pytest.mark.parametrize(
    "source",
    [
        "LIMIT = 10 * 1024",
        "TITLES = {'a': 1}",
        "log = logging.getLogger(__name__)",
        "bp = df.Blueprint()",
        "PATTERN = re.compile('a')",
        "PAIRS = (('a', 1), ('b', 2))",
        "def f():\n    seen = {}\n    seen['a'] = 1",
        "class Model:\n    size: int = 3",
    ],
)
def test_what_never_changes_is_allowed(source: str) -> None:
    assert list(state_in(ast.parse(source))) == []
