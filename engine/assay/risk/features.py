"""The features of a change: what a model is asked with, in one order and with one meaning, for commits of the
past and for candidates alike.

Promises: pure. Nothing of the author, the hour or the message of the change itself; messages of *earlier*
commits count only by whether they were repairs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assay.model.candidate import Record
from assay.risk.content import ContentFacts
from assay.risk.history.past import FilePast, RepositoryPast


class Touched(Record, frozen=True, kw_only=True):
    """One source file that a change touches: its path, how many lines it had, and how many changed."""

    path: str
    lines: int
    changed: int
    new: bool


DIFF = (
    "fresh",
    "code",
    "calls",
    "gone",
    "relative_size",
    "fresh_share",
    "call_density",
    "branch_density",
    "reshaped",
    "files",
    "directories",
    "places",
    "entropy",
    "new_files",
    "branches",
    "operators",
    "definitions",
    "returns",
    "nesting",
    "branches_gone",
    "signatures",
    "errors",
    "imports",
    "lines_most",
    "lines_mean",
)
HISTORY = (
    "fixed_lately",
    "fixed_lately_most",
    "fixed_lately_mean",
    "fix_share",
    "year_fix_share",
    "since_fix",
    "year_changes",
    "quarter_changes",
    "share_of_year",
    "since_change",
    "changes",
    "age",
    "repository_fix_share",
    "repository_year",
    "repository_days",
)
GROUPS = {
    "size": ("fresh", "code", "calls", "gone", "relative_size"),
    "make-up": ("fresh_share", "call_density", "branch_density", "reshaped"),
    "spread": ("files", "directories", "places", "entropy", "new_files"),
    "structure": ("branches", "operators", "definitions", "returns", "nesting", "branches_gone"),
    "signatures": ("signatures",),
    "errors": ("errors",),
    "dependencies": ("imports",),
    "files": ("lines_most", "lines_mean", "age"),
    "repairs": (
        "fixed_lately",
        "fixed_lately_most",
        "fixed_lately_mean",
        "fix_share",
        "year_fix_share",
        "since_fix",
    ),
    "activity": ("year_changes", "quarter_changes", "share_of_year", "since_change", "changes"),
    "repository": ("repository_fix_share", "repository_year", "repository_days"),
}


def diff_features(content: ContentFacts, files: Sequence[Touched]) -> dict[str, float]:
    """The features in `DIFF`."""
    added, deleted = content.added, content.deleted
    weights = [file.changed + 1 for file in files]
    mean = _mean([file.lines for file in files], weights)
    return {
        "fresh": content.fresh,
        "code": added.code,
        "calls": added.calls,
        "gone": content.gone,
        "relative_size": content.fresh / (mean + 20),
        "fresh_share": content.fresh / (added.lines + 1),
        "call_density": added.calls / (added.code + 3),
        "branch_density": added.branches / (added.code + 3),
        "reshaped": content.reshaped / (content.places + 1),
        "files": len(files),
        "directories": len({file.path.rpartition("/")[0] for file in files}),
        "places": content.places,
        "entropy": content.entropy,
        "new_files": sum(file.new for file in files),
        "branches": added.branches,
        "operators": added.operators,
        "definitions": added.definitions,
        "returns": added.returns,
        "nesting": added.nesting,
        "branches_gone": deleted.branches,
        "signatures": content.signatures,
        "errors": added.errors,
        "imports": added.imports,
        "lines_most": max((file.lines for file in files), default=0),
        "lines_mean": mean,
    }


PER_LINE = {"calls": 0.46, "operators": 1.74, "branches": 0.08, "definitions": 0.05, "returns": 0.04}
"""How much of it a line of new code holds, in the training data."""
_DEEP = 7
"""The usual nesting of changes of more than 100 lines there."""


def guessed(features: Mapping[str, float], added: int, deleted: int) -> dict[str, float]:
    """The features in `DIFF` of a change with so many more lines in files that were not looked into, as if
    these were ordinary code: taken for nothing, the largest changes would seem the safest."""
    found = {**features, "gone": features["gone"] + deleted}
    for name in ("fresh", "code"):
        found[name] += added
    for name, share in PER_LINE.items():
        found[name] += round(share * added)
    if added:
        found["nesting"] = max(found["nesting"], _DEEP)
    found["relative_size"] = found["fresh"] / (found["lines_mean"] + 20)
    found["fresh_share"] = min(1.0, found["fresh"] / (found["code"] + 1))
    found["call_density"] = found["calls"] / (found["code"] + 3)
    found["branch_density"] = found["branches"] / (found["code"] + 3)
    return found


def history_features(
    files: Sequence[Touched], pasts: Sequence[FilePast], repository: RepositoryPast
) -> dict[str, float]:
    """The features in `HISTORY`; `pasts` are those of `files`, in their order."""
    weights = [file.changed + 1 for file in files]

    def mean(name: str) -> float:
        return _mean([getattr(past, name) for past in pasts], weights)

    def most(name: str) -> float:
        return max((getattr(past, name) for past in pasts), default=0)

    return {
        "fixed_lately": sum(past.fixed_lately for past in pasts),
        "fixed_lately_most": most("fixed_lately"),
        "fixed_lately_mean": mean("fixed_lately"),
        "fix_share": (mean("fixes") + 1) / (mean("changes") + 6),
        "year_fix_share": (mean("year_fixes") + 0.5) / (mean("year") + 3),
        "since_fix": most("since_fix"),
        "year_changes": most("year"),
        "quarter_changes": mean("quarter"),
        "share_of_year": most("year") / (repository.year + 5),
        "since_change": most("since"),
        "changes": most("changes"),
        "age": most("age"),
        "repository_fix_share": (repository.year_fixes + 5) / (repository.year + 30),
        "repository_year": repository.year,
        "repository_days": repository.days,
    }


def _mean(values: Sequence[float], weights: Sequence[float]) -> float:
    return sum(v * w for v, w in zip(values, weights, strict=True)) / (sum(weights) or 1)
