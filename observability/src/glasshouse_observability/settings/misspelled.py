"""Detection of variables that look like a misspelled setting."""

from __future__ import annotations

from collections.abc import Iterable

SHORTEST_NAME = 6
"""Shorter names are too similar to each other: PORT and HOST differ in two letters."""
MOST_MORE_LETTERS = 2
LIKENESS = 0.9
"""Threshold for ``difflib``.

TRAFFIC_SHOPERS and TRAFFIC_SHOPPERS have 0.97, API_URL and API_PUBLIC_URL 0.67.
"""


def misspelled(env: Iterable[str], known: Iterable[str]) -> list[str]:
    """Return a sentence for each unknown variable whose name is close to a known one that is not set."""
    names = set(env)
    free = [name for name in known if len(name) >= SHORTEST_NAME and name not in names]
    found = []
    for name in sorted(names.difference(known)):
        close = [one for one in free if one[0] == name[:1] and abs(len(one) - len(name)) <= MOST_MORE_LETTERS]
        if close and name.isascii() and name.isprintable() and (meant := _closest(name, close)):
            found.append(f"{name} is not a setting and has no effect: did you mean {meant}?")
    return found


def _closest(name: str, known: Iterable[str]) -> str:
    # Imported when needed: its import takes as long as the rest of this package, and every command reads settings.
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, sorted(known), 1, LIKENESS)), "")
