"""In which order the members of a verified set can land so that every commit on the way is good.

Promises: pure but for the questions it asks. A chain that comes back was asked about prefix by prefix, in the
order of its commits, and no prefix was refused; the whole set, known to be good, is not asked about. A member
that is refused after some of the others is put off behind the next, since it may need one of them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from assay.model.candidate import Record

Refusal = Callable[[tuple[str, ...]], Awaitable[str | None]]
"""Why the tree of these members, put together in this order, must not be a commit; None if it may."""


class Chain(Record, frozen=True, kw_only=True):
    """The members in the order in which they land, or the one that has no place in it, and why."""

    order: tuple[str, ...] = ()
    refused: str | None = None
    why: str = ""


async def chain(members: Sequence[str], refusal: Refusal) -> Chain:
    """Order `members`, which are good together. Asks len(members) - 1 times if nobody is refused, and
    about half its square at the very most. Whatever `refusal` raises ends the search."""
    order: tuple[str, ...] = ()
    left = tuple(members)
    while len(left) > 1:
        first_why = ""
        for member in left:
            why = await refusal((*order, member))
            if why is None:
                order = (*order, member)
                left = tuple(other for other in left if other != member)
                break
            first_why = first_why or why
        else:
            return Chain(refused=left[0], why=first_why)
    return Chain(order=(*order, *left))
