"""After which tests a place is looked at again, where all places are too many to look at after each.
Injected: see `traced.py`.

Promises: Python 3.8 and later, the standard library only. Where everything together is little, every place
has its turn after each test. Else the largest ones have it after every so many tests, and whoever ran since
then answers for what has changed there: that is more than did it, and never less. What somebody changes and
another changes back between two turns is not seen.
"""

from __future__ import annotations

from typing import Any

Place = Any

SELDOM = 100
"""After so many tests each place has its turn."""

AFRESH = 20
"""A look at what has changed costs so many times one that finds it has not."""


class Turns:
    """`most` is what may be looked at after a test, in objects that are referred to."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._weights: dict[Place, int] = {}
        self._since: dict[Place, list[Any]] = {}
        self._level = most
        self._stale = True

    def weigh(self, place: Place, size: int, *, same: bool) -> None:
        """A place was looked at: how much is there, and whether it was as before."""
        weight = size if same else AFRESH * size
        if self._weights.get(place) != weight:
            self._weights[place] = weight
            self._stale = True

    def due(self, place: Place) -> bool:
        """Whether a place has its turn after the test that ends."""
        if self._stale:
            self._level, self._stale = level(list(self._weights.values()), self._most), False
        waited = len(self._since.get(place, ())) + 1
        return waited >= min(SELDOM, -(-self._weights.get(place, 0) // self._level))

    def put_off(self, place: Place, log: Any) -> None:
        """It has not, and whoever ran will answer for it."""
        self._since.setdefault(place, []).append(log)

    def answering(self, place: Place) -> list[Any]:
        """Who ran since a place had its turn last, but for the test that ends. Forgets them."""
        return self._since.pop(place, [])

    def put_off_places(self) -> set[Place]:
        """The places that somebody will answer for."""
        return set(self._since)

    def everybody(self) -> list[Any]:
        """All who will answer for a place. Forgets them."""
        found = [log for logs in self._since.values() for log in logs]
        self._since.clear()
        return found

    def shared(self, place: Place) -> bool:
        """Whether others than the test that ends will answer for a place."""
        return place in self._since


def level(weights: list[int], most: int) -> int:
    """What may be looked at of each place after a test, on average, so that all together is `most`: the
    smaller ones leave to the larger ones what they do not need."""
    left, share = most, most
    for number, weight in enumerate(sorted(weights)):
        share = max(1, left // (len(weights) - number))
        if weight > share:
            return share
        left -= weight
    return max([share, *weights, 1])
