"""What emitted source may refer to: shared by the tests of the printers."""

from __future__ import annotations

import ast
import builtins
import re


def only_imports(source: str, module: str) -> None:
    """Every name that is read is defined in the text, a builtin, or the module; or SciPy where it has the function."""
    tree = ast.parse(source)
    imports = [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
    needed = sorted({f"import {name}" for name in re.findall(r"\bscipy\.\w+(?=\.)", source)})
    first = "import numpy as np" if module == "np" else f"import {module}"
    assert [ast.unparse(node) for node in imports] == [first, *needed]
    defined = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    defined |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    defined |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    read = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    assert read <= defined | {module} | ({"scipy"} if needed else set()) | set(dir(builtins))
