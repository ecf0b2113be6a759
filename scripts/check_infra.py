"""Check every Bicep file with the compiler; where there is none, that each one parses."""

import sys
from pathlib import Path

from scripts.bicep import HOW_TO_GET_IT, ROOT, Compiler, find_compiler

INFRA = ROOT / "infra"


def unparsable(folder: Path) -> list[str]:
    """The places where a Bicep file is no Bicep, as ``path:line``. Types, names and values are not looked at."""
    import tree_sitter_bicep
    from tree_sitter import Language, Parser

    parser = Parser(Language(tree_sitter_bicep.language()))
    found = []
    for path in sorted(folder.rglob("*.bicep")):
        cursor = [parser.parse(path.read_bytes()).root_node]
        while cursor:
            node = cursor.pop()
            if node.is_error or node.is_missing:
                found.append(f"{path.relative_to(folder)}:{node.start_point[0] + 1}: does not parse")
            elif node.has_error:
                cursor.extend(node.children)
    return found


def complaints(compiler: Compiler, folder: Path) -> list[str]:
    """All that the compiler has to say against the files."""
    unformatted = [f"{path}: bicep format would change it" for path in compiler.unformatted(folder)]
    return [*compiler.diagnostics(folder), *compiler.diagnostics(folder, "lint"), *unformatted]


def main() -> int:
    """Print what is wrong. Returns the exit code."""
    program = find_compiler()
    if program is None:
        print(f"infra: {HOW_TO_GET_IT}. Only whether the files parse was checked.")
        found = unparsable(INFRA)
    else:
        found = complaints(Compiler(program), INFRA)
    for line in dict.fromkeys(found):
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
