"""Under which conditions a suite runs that its results must not depend on: hash seed and test order.

Promises: pure. The other conditions of a base are as good as drawn, and are the same for the base and every
candidate on it (invariant 8): they follow from its tree's name, which says nothing about what is in it.
"""

from __future__ import annotations

import hashlib

from assay.model.candidate import Record


class Conditions(Record, frozen=True, kw_only=True):
    """`hash_seed` None leaves the jail's fixed one (0); `order` is the key of a shuffle, empty for the
    project's own order."""

    hash_seed: int | None = None
    order: str = ""

    @property
    def variables(self) -> dict[str, str]:
        """What the environment has to say for it."""
        return {} if self.hash_seed is None else {"PYTHONHASHSEED": str(self.hash_seed)}

    @property
    def words(self) -> str:
        """For people: `hash seed 7 and the tests in another order (key 3f...)`."""
        seed = "hash seed 0" if self.hash_seed is None else f"hash seed {self.hash_seed}"
        order = f"the tests in another order (key {self.order})" if self.order else "the tests in file order"
        return f"{seed} and {order}"


USUAL = Conditions()


def others(tree: str) -> Conditions:
    """The other conditions of the base whose tree this is."""
    drawn = hashlib.sha256(f"other conditions of {tree}".encode()).digest()
    return Conditions(hash_seed=1 + int.from_bytes(drawn[:4], "big") % 4_294_967_295, order=drawn[4:8].hex())
