"""Build the delta between two trees: what a change does, in terms a person reads.

Promises: derived from the trees and the gate results alone, so that equal inputs give equal deltas; cost
follows the diff (only changed files are read, and the `__init__.py` files above them); never raises for what
files hold.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import msgspec
from msgspec.structs import replace

from assay.delta.bare import Bare
from assay.delta.intents import intents
from assay.delta.public import in_tests
from assay.ledger.codec import decode, encode
from assay.ledger.keeping import NOWHERE, Keeping, edition
from assay.model.delta import Delta, Heading, MemberShare
from assay.model.outcome import Finding, GateResult
from assay.repo.repository import Repository

_CODE = ("delta", "gates", "model", "repo")
"""Where all is that a delta is made by, within the package."""


def build(
    repo: Repository,
    base_tree: str,
    tree: str,
    results: Sequence[GateResult],
    members: Sequence[MemberShare] = (),
    keeping: Keeping = NOWHERE,
) -> Delta:
    """The delta from `base_tree` to `tree`; what the trees alone say of it is kept in `keeping`.

    `results` are the gate results of `tree`: their findings are those introduced, and those that a gate
    lists as findings under `detail["fixed"]` are those fixed. `members` are the shares of those that make up
    a set; one that names its tree is told which headings it adds to. The risk is left to whoever knows the
    policy.
    """
    with _uncollected():
        whole = _judged(_known(repo, base_tree, tree, keeping), results)
        shares = tuple(_with_headings(repo, base_tree, share, keeping) for share in members)
    return replace(whole, members=shares)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the collector of cycles: syntax trees are many objects and have none, and a third of the time
    would go into walking them again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _known(repo: Repository, base_tree: str, tree: str, keeping: Keeping) -> Bare:
    if keeping is NOWHERE:
        return _made(repo, base_tree, tree)
    key = f"delta:{edition(*_CODE)}:{base_tree}:{tree}"
    if kept := keeping.recall(key):
        try:
            return decode(kept, Bare)
        except ValueError:
            pass  # damaged: made anew
    found = _made(repo, base_tree, tree)
    if not found.delta.unparsed:  # a parser in a process of its own may have had no luck
        keeping.remember(key, encode(found))
    return found


def _made(repo: Repository, base_tree: str, tree: str) -> Bare:
    from assay.delta.between import between  # all that reads files: not for what is kept

    return between(repo, base_tree, tree)


def _judged(bare: Bare, results: Sequence[GateResult]) -> Delta:
    """With what gates said of the tree, and by intent."""
    delta = replace(
        bare.delta,
        tests_weakened=_weakened(results),
        tests_fixed=_passing(results),
        findings_introduced=_sorted(finding for result in results for finding in result.findings),
        findings_fixed=_sorted(finding for result in results for finding in _fixed(result)),
    )
    return replace(delta, intents=intents(delta, bare.others))


def _with_headings(repo: Repository, base_tree: str, share: MemberShare, keeping: Keeping) -> MemberShare:
    if not share.tree:
        return share
    alone = _judged(_known(repo, base_tree, share.tree, keeping), ())
    # That no test came with a change stands under the tests as well, but is nothing that the member adds.
    tests = any(in_tests(change.path) for change in alone.files)
    headings = (intent.heading for intent in alone.intents)
    return replace(share, headings=tuple(each for each in headings if tests or each is not Heading.TESTS))


def _weakened(results: Sequence[GateResult]) -> tuple[str, ...]:
    """What the scope gate says of tests that demand less."""
    findings = _sorted(finding for result in results for finding in result.findings)
    return tuple(f"{f.path}: {f.message}" for f in findings if f.rule == "scope/test-weakened")


def _passing(results: Sequence[GateResult]) -> tuple[str, ...]:
    """Tests that fail on the base and pass now, as the gates list them."""
    return tuple(sorted({test for result in results for test in _tests(result)}))


def _tests(result: GateResult) -> Iterator[str]:
    listed = result.detail.get("newly_passing", ())
    if isinstance(listed, list | tuple):
        yield from (test for test in listed if isinstance(test, str))


def _fixed(result: GateResult) -> tuple[Finding, ...]:
    """The findings that a gate says are gone. Gates that only count them, or say it otherwise, add none."""
    try:
        return msgspec.convert(result.detail.get("fixed", ()), tuple[Finding, ...])
    except msgspec.ValidationError:
        return ()


def _sorted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda f: (f.path, f.line, f.column, f.rule, f.message)))
