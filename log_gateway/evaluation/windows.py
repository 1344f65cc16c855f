"""Sliding windows over samples: their bounds, and folds over overlapping windows in linear time."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Window = tuple[int, int, int]
"""The index of a time and the slice of samples in its window, which is never empty."""


def windows(timestamps: Sequence[int], times: Sequence[int], range_ns: int) -> Iterator[Window]:
    """Yield the windows (time - range, time] that have samples. Both sequences ascend."""
    step = bisect_left(times, timestamps[0])
    last = bisect_left(times, timestamps[-1] + range_ns)
    for index in range(step, last):
        time = times[index]
        high = bisect_right(timestamps, time)
        low = bisect_right(timestamps, time - range_ns, 0, high)
        if low < high:
            yield index, low, high


class SlidingFold(Generic[Item]):
    """Folds a forward-moving window with an associative function, combining each item at most three times.

    Nothing is ever subtracted, so floating-point sums do not drift. The older part of the window is stored as the folds
    of its suffixes, the newer part as one fold.
    """

    def __init__(self, items: Sequence[Item], combine: Callable[[Item, Item], Item]) -> None:
        self._items, self._combine = items, combine
        self._suffixes: list[Item] = []
        self._middle = self._high = 0
        self._newer: Item | None = None

    def fold(self, low: int, high: int) -> Item:
        """Fold the items from ``low`` up to ``high``. Neither may decrease between calls, and ``low < high``."""
        items, combine = self._items, self._combine
        if low >= self._middle:
            start = high - 1
            folded = items[start]
            self._suffixes = [folded]
            for index in range(start - 1, low - 1, -1):
                folded = combine(items[index], folded)
                self._suffixes.append(folded)
            self._middle = self._high = high
            self._newer = None
            return folded
        for index in range(self._high, high):
            self._newer = items[index] if self._newer is None else combine(self._newer, items[index])
        self._high = high
        older = self._suffixes[self._middle - low - 1]
        return older if self._newer is None else combine(older, self._newer)


class SortedWindow:
    """The sorted values of a forward-moving window."""

    def __init__(self, values: Sequence[float]) -> None:
        self._values = values
        self._low = self._high = 0
        self._sorted: list[float] = []

    def move(self, low: int, high: int) -> list[float]:
        """Return the values from ``low`` up to ``high``, sorted. Neither may decrease between calls."""
        if low >= self._high:
            self._sorted = sorted(self._values[low:high])
        else:
            for value in self._values[self._low : low]:
                del self._sorted[bisect_left(self._sorted, value)]
            for value in self._values[self._high : high]:
                insort(self._sorted, value)
        self._low, self._high = low, high
        return self._sorted
