"""The house rules, held by reading the source: layers one way, no circles, one subject a file."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "chainrule"
FILES = sorted(SOURCE.rglob("*.py"))

# Lowest first: a folder imports only from folders before it in this list, and from the files of FOUNDATION.
LAYERS = ["core", "ops", "read", "passes", "emit", "kernels", "views", "calculus", "numeric", "plot", "learn", "report"]
LAYERS += ["testing", "gradient_report", "pytest_plugin", "cli"]
FOUNDATION = {"errors", "limits", "whole_files"}
# Files that stand beside the folders, with the highest layer that they may use.
TOP = {"__main__": "cli", "special": "read", "errors": None, "limits": None, "whole_files": None}
LONGER_THAN_400: dict[str, str] = {}


def module_of(path: Path) -> str:
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path) -> set[str]:
    """Modules of chainrule that a file imports at run time, also inside functions."""
    tree = ast.parse(path.read_text())
    typing_only: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            typing_only.update(inner for statement in node.body for inner in ast.walk(statement))
    found: set[str] = set()
    modules = {module_of(file) for file in FILES}
    for node in ast.walk(tree):
        if node in typing_only:
            continue
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names if alias.name.split(".")[0] == "chainrule")
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            if node.module and node.module.split(".")[0] == "chainrule":
                for alias in node.names:
                    name = f"{node.module}.{alias.name}"
                    found.add(name if name in modules else node.module)
    return found


def layer_of(module: str) -> str:
    return module.split(".")[1] if "." in module else "__init__"


IMPORTS = {module_of(path): imports_of(path) for path in FILES}


@pytest.mark.parametrize("module", sorted(IMPORTS))
def test_imports_go_down_only(module: str) -> None:
    here = layer_of(module)
    if here == "__init__":
        return
    highest = here if here in LAYERS else TOP[here]
    allowed = LAYERS[: LAYERS.index(highest) + 1] if highest else []
    allowed += [beside for beside, layer in TOP.items() if layer in allowed and layer != highest]
    if here == "cli":
        allowed = [*allowed, "__init__"]  # nobody else inside imports the public names
    for imported in IMPORTS[module]:
        there = layer_of(imported)
        assert there in FOUNDATION or there in allowed, f"{module} imports {imported}, which is above it"


def test_no_import_circle() -> None:
    done: set[str] = set()

    def visit(module: str, path: list[str]) -> None:
        assert module not in path, f"import circle: {' -> '.join([*path[path.index(module) :], module])}"
        if module in done:
            return
        for imported in IMPORTS.get(module, ()):
            visit(imported, [*path, module])
        done.add(module)

    for module in IMPORTS:
        visit(module, [])


def test_files_of_operations_do_not_import_each_other() -> None:
    for module, imported in IMPORTS.items():
        if module.startswith("chainrule.ops."):
            others = {name for name in imported if name.startswith("chainrule.ops")}
            assert others <= {"chainrule.ops.rules"}, f"{module} imports {others}"


def test_files_have_one_subject() -> None:
    for path in FILES:
        lines = len(path.read_text().splitlines())
        limit = 10**9 if path.name in LONGER_THAN_400 else 400
        assert lines <= limit, f"{path.name} has {lines} lines: it holds two subjects, or needs a written reason here"


def test_views_name_no_primitive() -> None:
    from chainrule.core.registry import primitives

    names = set(primitives())
    for path in (SOURCE / "views").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Compare):
                named = {c.value for c in ast.walk(node) if isinstance(c, ast.Constant) and c.value in names}
                assert not named, f"{path.name} decides by the name of a primitive: {named}"


def test_no_evaluation_of_text() -> None:
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("eval", "exec"):
                assert path.relative_to(SOURCE).as_posix() == "emit/code.py", f"{path} calls {node.func.id}"
            assert not (isinstance(node, ast.Import) and any(a.name in ("pickle", "sympy") for a in node.names)), path


def test_every_module_says_what_it_is() -> None:
    for path in FILES:
        assert ast.get_docstring(ast.parse(path.read_text())), f"{path} has no docstring"
