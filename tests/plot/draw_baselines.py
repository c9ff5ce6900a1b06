"""Draws the baselines of the gallery anew, or those that are named: `make baselines`, `make baselines ONLY=tangent`.

Look at each before it is committed: from then on it is what the picture has to look like.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from plot.gallery import GALLERY
from plot.images import differences, read, seen, write

BASELINES = Path(__file__).with_name("baselines")


def main(names: list[str]) -> None:
    unknown = set(names) - set(GALLERY)
    if unknown:
        sys.exit(f"there is no picture {', '.join(sorted(unknown))}; there is {', '.join(GALLERY)}")
    for name in names or GALLERY:
        for page in ("light", "dark"):
            file = BASELINES / f"{name}.{page}.png"
            figure = GALLERY[name].draw(dark=page == "dark")
            # What looks the same stays: a baseline changes in the history only where the picture did.
            if not names and file.exists() and not differences(seen(figure), read(file)):
                continue
            write(figure, file)
            print(file.name)
    for file in BASELINES.glob("*.png"):
        if file.name.split(".")[0] not in GALLERY:
            file.unlink()
            print(f"{file.name} removed: no picture has its name")


if __name__ == "__main__":
    main(sys.argv[1:])
