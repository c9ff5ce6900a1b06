"""Several of the user's threads that call at once."""

from __future__ import annotations

import threading
from collections.abc import Callable

__all__ = ["at_once"]


def at_once(call: Callable[[int], None], count: int = 4) -> None:
    """Run call(0), call(1), ... in a thread each; the first failure of any of them is raised here."""
    wrong: list[BaseException] = []

    def kept(place: int) -> None:
        try:
            call(place)
        except BaseException as error:
            wrong.append(error)

    workers = [threading.Thread(target=kept, args=(place,)) for place in range(count)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if wrong:
        raise wrong[0]
