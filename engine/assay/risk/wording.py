"""Contributions in words: what a group of features says of this change, with its value.

Promises: pure; each group of `features.GROUPS` has its words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

Features = Mapping[str, float]

_HARDLY = 0.05
"""Repairs that would show as none, with one decimal."""


def say(group: str, features: Features) -> tuple[float, str]:
    """The value that stands for a group, and the group in words."""
    feature, words = _WORDS[group]
    return round(features[feature], 3), words(features)


def _count(value: float, one: str, many: str = "") -> str:
    return f"{value:,.0f} {one if round(value) == 1 else many or one + 's'}"


def _size(f: Features) -> str:
    new = f"{_count(f['fresh'], 'new line')} of code with {_count(f['calls'], 'call')}"
    return f"{new}, {f['gone']:,.0f} taken away"


def _make_up(f: Features) -> str:
    words = f"{f['fresh_share']:.0%} of the added lines are new code"
    if f["reshaped"]:
        words += f"; {f['reshaped']:.0%} of the places are layout alone"
    return words


def _spread(f: Features) -> str:
    where = f"{_count(f['places'], 'place')} in {_count(f['files'], 'file')}"
    return where + (f", {f['new_files']:.0f} of them new" if f["new_files"] else "")


def _structure(f: Features) -> str:
    words = (
        f"{_count(f['branches'], 'branch', 'branches')} and {_count(f['definitions'], 'definition')} added"
    )
    return words + f", nested {_count(f['nesting'], 'level')} deep"


def _files(f: Features) -> str:
    size = _count(f["lines_most"], "line")
    if "age" not in f:
        return f"the largest of its files had {size}"
    return f"the largest of its files had {size}, the oldest is {_span(f['age'])} old"


def _repairs(f: Features) -> str:
    if not f["fixed_lately"]:
        return "no repair of its files is known"
    if f["fixed_lately"] < _HARDLY:
        return "its files were hardly repaired of late"
    return f"its files were repaired {f['fixed_lately']:.1f} times of late (by half for every 180 days)"


def _activity(f: Features) -> str:
    words = f"its busiest file changed {_count(f['year_changes'], 'time')} in a year"
    # Before the base: how long ago it is to who reads it, nobody knows here.
    return words + f", last {_span(f['since_change'])} earlier" if f["changes"] else "its files are new"


def _repository(f: Features) -> str:
    repairs = f["repository_fix_share"] * (f["repository_year"] + 30) - 5  # as `features` smooths it
    year = f"{_count(f['repository_year'], 'change')} to this repository in a year"
    return f"{year}, {repairs:.0f} of them repairs; it is {_span(f['repository_days'])} old"


def _span(days: float) -> str:
    if days < 1:
        return "less than a day"
    if days < 60:
        return _count(days, "day")
    return _count(days / 30.4, "month") if days < 730 else _count(days / 365.25, "year")


_WORDS: dict[str, tuple[str, Callable[[Features], str]]] = {
    "size": ("fresh", _size),
    "make-up": ("fresh_share", _make_up),
    "spread": ("places", _spread),
    "structure": ("branches", _structure),
    "signatures": ("signatures", lambda f: f"{_count(f['signatures'], 'signature')} changed"),
    "errors": ("errors", lambda f: f"{_count(f['errors'], 'line')} that handle errors"),
    "dependencies": ("imports", lambda f: f"{_count(f['imports'], 'import')} added"),
    "files": ("lines_most", _files),
    "repairs": ("fixed_lately", _repairs),
    "activity": ("year_changes", _activity),
    "repository": ("repository_year", _repository),
}
