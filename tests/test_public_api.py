"""The public face is a list that is checked: names, docstrings, pages, and what an import costs."""

from __future__ import annotations

import importlib.util
import inspect
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import chainrule
from chainrule import (
    clipping,
    data,
    errors,
    models,
    numeric,
    optimizers,
    plot,
    report,
    schedules,
    special,
    stopping,
    testing,
)
from chainrule.core.registry import primitives

DOCS = Path(__file__).parents[1] / "docs"
DOCUMENTED = set(re.findall(r"^::: (chainrule[\w.]*)$", "\n".join(p.read_text() for p in DOCS.glob("api/*.md")), re.M))

LAZY = [chainrule, special, special.stats, data, report]
LEARNING = (optimizers, schedules, stopping, clipping, data, models)
NAMES = [
    pytest.param(module, name, id=f"{module.__name__}.{name}")
    for module in (chainrule, special, special.stats, plot, numeric, report, testing, *LEARNING)
    for name in module.__all__
]


def is_error(thing: Any) -> bool:
    return isinstance(thing, type) and issubclass(thing, Exception)


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_every_name_has_a_docstring_with_an_example(module: ModuleType, name: str) -> None:
    thing = getattr(module, name)
    if isinstance(thing, dict):
        return  # a table of values; what it holds has the docstring
    text = inspect.getdoc(thing) or ""
    assert len(text.split()) > 3
    assert ">>> " in text or is_error(thing)


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_the_arguments_described_are_those_of_the_signature(module: ModuleType, name: str) -> None:
    thing = getattr(module, name)
    described = re.search(r"^Args:\n((?:    .*\n|\n)*)", (inspect.getdoc(thing) or "") + "\n", re.M)
    if described is None or not callable(thing):
        return
    entries = re.findall(r"^    (\S.*?):(?: |$)", described[1], re.M)
    assert entries
    assert set(entries) <= set(inspect.signature(thing).parameters)


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_every_name_has_its_place_in_the_reference(module: ModuleType, name: str) -> None:
    path = f"{module.__name__}.{name}"
    elsewhere = f"chainrule.{name}"  # numeric.check is chainrule.check: once is enough
    same = getattr(chainrule, name, None) is getattr(module, name)
    assert path in DOCUMENTED or (same and elsewhere in DOCUMENTED)


def test_the_reference_names_what_exists() -> None:
    for path in DOCUMENTED:
        home, _, name = path.rpartition(".")
        assert hasattr(importlib.import_module(home), name), path


@pytest.mark.parametrize(
    "module", [chainrule, numeric, plot, special, testing, *LEARNING], ids=lambda module: module.__name__
)
def test_all_is_sorted_out_and_complete(module: ModuleType) -> None:
    assert len(set(module.__all__)) == len(module.__all__)
    assert all(not name.startswith("_") for name in module.__all__)
    assert set(module.__all__) <= set(dir(module))


@pytest.mark.parametrize("module", LAZY, ids=lambda module: module.__name__)
def test_dir_shows_the_public_names_and_no_others(module: ModuleType) -> None:
    assert {name for name in dir(module) if not name.startswith("_")} == set(module.__all__)


def test_every_error_is_public() -> None:
    assert set(errors.__all__) <= set(chainrule.__all__)
    assert {name for name, thing in vars(errors).items() if is_error(thing)} == set(errors.__all__)


@pytest.mark.parametrize("module", LAZY, ids=lambda module: module.__name__)
def test_names_shown_to_type_checkers_are_those_that_load(module: ModuleType) -> None:
    source = Path(str(module.__file__)).read_text()
    shown = re.findall(r"\b(\w+) as \1\b", source)
    assert sorted(shown) == sorted(module.__all__)


@pytest.mark.parametrize("module", LAZY, ids=lambda module: module.__name__)
def test_an_unknown_name_is_an_attribute_error(module: ModuleType) -> None:
    with pytest.raises(AttributeError, match="no attribute 'gradient'"):
        module.gradient  # noqa: B018


def run(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_import_loads_nothing_but_the_list_of_names() -> None:
    loaded = set(run("import sys, chainrule; print(*sys.modules)").split())
    heavy = {"numpy", "scipy", "mpmath", "click", "rich", "platformdirs"}
    assert not loaded & heavy
    assert {name for name in loaded if name.startswith("chainrule")} == {"chainrule"}


def test_the_gradient_needs_numpy_only() -> None:
    program = "import sys, chainrule as cr; cr.grad(lambda x: x * x)(1.0); print(*sys.modules)"
    loaded = set(run(program).split())
    assert "numpy" in loaded
    assert not loaded & {"scipy", "mpmath", "click", "rich", "platformdirs"}


def test_each_name_loads_first() -> None:
    """In a fresh interpreter, so that no name depends on another having been loaded before it."""
    program = "import importlib, sys, chainrule; getattr(chainrule, sys.argv[1])"
    homes = {
        "compile",
        "grad",
        "vmap",
        "source",
        "tape",
        "primitive",
        "descend",
        "check",
        "strict",
        "Passes",
        "special",
        "testing",
    }
    for name in sorted(homes):
        subprocess.run([sys.executable, "-c", program, name], check=True, capture_output=True)


def test_star_import() -> None:
    namespace: dict[str, Any] = {}
    exec("from chainrule import *", namespace)
    assert set(chainrule.__all__) <= set(namespace)


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/adding-a-primitive.md", "docs/architecture.md"])
def test_the_entry_that_pages_show_is_the_real_one(page: str) -> None:
    shown = re.findall(r"```python\n(sin = primitive\(.*?)```", (DOCS.parent / page).read_text(), re.S)
    source = (Path(chainrule.__file__).parent / "ops" / "trigonometric.py").read_text()
    assert len(shown) == 1
    assert all(entry.strip() in source for entry in re.split(r"\n\n+", shown[0]))


def test_the_page_of_primitives_has_a_row_for_each() -> None:
    pytest.importorskip("mkdocs")
    spec = importlib.util.spec_from_file_location("primitives_page", DOCS / "hooks" / "primitives.py")
    assert spec is not None
    assert spec.loader is not None
    hook = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hook)
    names = re.findall(r"^\| `(\w+)` \|", hook.page(), re.M)
    assert names == list(primitives())
