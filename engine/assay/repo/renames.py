"""Which removed file an added file was.

Promises: pairs are one to one and depend only on the two trees; equal content pairs first, then the most
alike at half the content or more. Past a bound on work only equal content pairs.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from assay.repo.repository import SUBMODULE, SYMLINK, Repository
from assay.repo.trees import Leaf, LeafChange

_PAIRS = 2_500
_SIZE = 1024 * 1024
_ALIKE = 0.5


def pair(repo: Repository, leaves: Sequence[LeafChange]) -> dict[str, str]:
    """Added path to the removed path that it was."""
    removed = {leaf.path: leaf.old for leaf in leaves if leaf.old and not leaf.new}
    added = {leaf.path: leaf.new for leaf in leaves if leaf.new and not leaf.old}
    origin = _equal(removed, added)
    for path, source in origin.items():
        del added[path], removed[source]
    origin.update(_alike(repo, removed, added))
    return origin


def _equal(removed: dict[str, Leaf], added: dict[str, Leaf]) -> dict[str, str]:
    by_blob: dict[Leaf, list[str]] = defaultdict(list)
    for path, (mode, blob) in sorted(removed.items(), reverse=True):
        by_blob[mode & 0o170000, blob].append(path)
    found: dict[str, str] = {}
    for path, (mode, blob) in sorted(added.items()):
        sources = by_blob.get((mode & 0o170000, blob))
        if sources and mode != SUBMODULE:
            # Of several equal sources the one with the same file name is the likeliest.
            name = path.rpartition("/")[2]
            best = next((s for s in reversed(sources) if s.rpartition("/")[2] == name), sources[-1])
            sources.remove(best)
            found[path] = best
    return found


def _alike(repo: Repository, removed: dict[str, Leaf], added: dict[str, Leaf]) -> dict[str, str]:
    if not removed or not added or len(removed) * len(added) > _PAIRS:
        return {}
    old = {path: lines for path, leaf in removed.items() if (lines := _lines(repo, leaf))}
    new = {path: lines for path, leaf in added.items() if (lines := _lines(repo, leaf))}
    scored = [
        (-score, target, source)
        for target, target_lines in new.items()
        for source, source_lines in old.items()
        if (score := _similarity(source_lines, target_lines)) >= _ALIKE
    ]
    found: dict[str, str] = {}
    taken: set[str] = set()
    for _score, target, source in sorted(scored):
        if target not in found and source not in taken:
            found[target] = source
            taken.add(source)
    return found


def _lines(repo: Repository, leaf: Leaf) -> Counter[bytes] | None:
    """The lines of a file that can be compared by them."""
    if leaf[0] in (SYMLINK, SUBMODULE):
        return None
    data = repo.blob(leaf[1])
    if not data or len(data) > _SIZE or is_binary(data):
        return None
    return Counter(data.split(b"\n"))


def _similarity(old: Counter[bytes], new: Counter[bytes]) -> float:
    """The share of bytes, of the larger file, that stand in lines common to both."""
    common = sum(len(line) * min(count, new[line]) for line, count in old.items() if line in new)
    larger = max(_weight(old), _weight(new))
    return common / larger if larger else 0.0


def _weight(lines: Counter[bytes]) -> int:
    return sum(len(line) * count for line, count in lines.items())


def is_binary(data: bytes) -> bool:
    """Git's own test: a NUL near the start."""
    return b"\0" in data[:8000]
