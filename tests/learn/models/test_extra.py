"""scikit-learn is loaded when a model is, and its absence says what to install."""

from __future__ import annotations

import subprocess
import sys


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_neither_chainrule_nor_its_list_of_models_loads_scikit_learn() -> None:
    code = "import sys, chainrule as cr; dir(cr.models); cr.models.__all__; print('sklearn' in sys.modules)"
    assert run(code) == "False"


def test_without_it_the_error_is_the_command() -> None:
    code = """
import sys
sys.modules["sklearn"] = None
import chainrule as cr
try:
    cr.models.MLPClassifier
except cr.MissingExtraError as error:
    print(error)
"""
    assert run(code) == 'models need scikit-learn, 1.6 or later: pip install "chainrule[models]"'
