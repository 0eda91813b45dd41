"""How groups look: a colour, a dash and a shape each, which a group keeps in every chart of a page.

Colour is never the only difference, and it says nothing of better or worse: errors alone are red. The place of a group
comes from its name, not from its rank, so that it looks the same tomorrow.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable

SLOTS = 6
OTHERS = "go"
NEUTRAL = "gn"
ERROR = "ge"
SHAPES = {
    "g0": "M-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0z",
    "g1": "M-3-3h6v6h-6z",
    "g2": "M0-4 3.800 2.800h-7.600z",
    "g3": "M0-4 4 0 0 4-4 0z",
    "g4": "M0 4 3.800-2.800h-7.600z",
    "g5": "M-3.500-1h2.500v-2.500h2v2.500h2.500v2h-2.500v2.500h-2v-2.500h-2.500z",
}
"""What marks a point of a group, around 0,0."""
SQUARE = "M-4-4h8v8h-8z"  # of what is no group


def slots(names: Iterable[str]) -> dict[str, str]:
    """Name of a group -> its tone, "g0" to "g5"; of more than six names, those that come last are "go"."""
    taken: dict[str, str] = {}
    free = [f"g{number}" for number in range(SLOTS)]
    for name in dict.fromkeys(names):
        if not free:
            taken[name] = OTHERS
            continue
        wanted = f"g{zlib.crc32(name.encode(errors='replace')) % SLOTS}"
        taken[name] = wanted if wanted in free else free[0]
        free.remove(taken[name])
    return taken
