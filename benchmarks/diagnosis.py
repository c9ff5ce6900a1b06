"""How often is the mistake in a gradient named? Over the corpus of the tests, through `chainrule.check`.

Prints the figures and the examples, and writes them into docs/diagnosis.md.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import numpy as np
from measure import table
from published import publish

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from numeric.diagnosis.corpus import CORPUS, UNSEEN
from numeric.diagnosis.examples import EXAMPLES, with_mistake
from numeric.diagnosis.scoring import Score, checked, edits, score, transforms

from chainrule.numeric.diagnosis import Mistake, diagnose

PAGE = "diagnosis.md"
POINTS = 10


def figures(scores: dict[str, Score]) -> str:
    head = ["set", "mutants", "right", "of these by name", "wrong", "no diagnosis"]
    rows = [
        [
            name,
            str(s.total),
            f"{s.right} ({100 * s.right / s.total:.1f} %)",
            str(s.by_name),
            f"{s.wrong} ({100 * s.wrong / s.total:.1f} %)",
            str(s.none),
        ]
        for name, s in scores.items()
    ]
    return table(head, rows)


def right_gradients() -> str:
    pairs = [(loss, seed) for loss in CORPUS for seed in range(POINTS)]
    accused = sum(checked(loss, loss.df, loss.make(np.random.default_rng(seed))) is not None for loss, seed in pairs)
    return f"Of {len(pairs)} right gradients ({len(CORPUS)} losses at {POINTS} points each) {accused} are accused."


def confusion(total: Score) -> str:
    """What was made, and what was said."""
    made: dict[str, Counter[str]] = {}
    for (kind, said), count in total.confusion.items():
        made.setdefault(kind, Counter())[said] += count
    order = [kind.value for kind in Mistake if kind.value in made]
    rows = [
        [kind, str(made[kind].total()), ", ".join(f"{said} {count}" for said, count in made[kind].most_common())]
        for kind in order
    ]
    return table(["mistake made", "times", "said"], rows)


def missed(total: Score) -> str:
    return "\n".join(f"- {note.replace(chr(10), ' ')}" for note in total.notes)


def examples() -> str:
    rows = []
    for kind, cases in EXAMPLES.items():
        name, right, wrong = cases[0]
        loss = with_mistake(kind, name, right, wrong)
        evidence = checked(loss, loss.df, loss.make(np.random.default_rng(100)))
        found = None if evidence is None else diagnose(evidence)
        code = [
            f"`{text.strip().replace('|', chr(92) + '|')}`" if text.strip() else "nothing" for text in (right, wrong)
        ]
        rows.append([f"`{kind.name}`", f"{name}: {code[1]} in place of {code[0]}", str(found).replace("|", "\\|")])
    return table(["`Mistake`", "an example: loss, and what was written", "what is said"], rows)


if __name__ == "__main__":
    mutants = [*edits(), *transforms()]
    scores = {
        "the corpus": score(mutants),
        "the corpus, gradients given as arrays": score(mutants, by_function=False),
        "losses written afterwards": score(edits(UNSEEN)),
    }
    by_function = scores["the corpus"]
    text = "\n\n".join(
        [
            figures(scores),
            right_gradients(),
            "Not named right:",
            missed(by_function),
            "What was made, and what was said. One mistake may have several names; the numbers at another point count.",
            confusion(by_function),
        ]
    )
    print(text, examples(), sep="\n\n")
    publish("figures", text, PAGE)
    publish("examples", examples(), PAGE)
