"""How good the risk models are, on repositories that they have not seen, forward in time.

    python -m bench risk --data FILE --histories DIR [--kept DIR] [--first 2016] [--last 2025]

FILE is the published table of labelled commits, DIR holds clones: those of its repositories are what is
trained on, all others what is measured on, with labels of our own miner. For each year, models are fitted to
what was known on its first day, labels included, and asked about the commits of that year whose 365 days
have passed. Baselines are fitted and asked in the same way. Needs lightgbm: `pip install lightgbm`.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from assay.model.candidate import Record
from assay.risk.calibrate import fit_line
from assay.risk.figures import Figures, ece, figures
from assay.risk.history.mine import WINDOW, Row
from assay.risk.model import Model, log_odds, shipped, sigmoid
from bench.risk_tables import Table, load, mined, published, with_published_labels

_NINETY = 1.645
_LEAST_EXPECTED = 3.0

Chance = Callable[[Row], float]


class Asked(Record, frozen=True, kw_only=True):
    """One commit of a repository that was not trained on: what was said of it, and what happened."""

    repository: str
    year: int
    row: Row
    outcome: bool
    chances: dict[str, float]


def options(name: str, purpose: str | None, argv: list[str]) -> argparse.Namespace:
    """The options of a benchmark of the risk models over histories."""
    parser = argparse.ArgumentParser(prog=f"python -m bench {name}", description=purpose)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--histories", type=Path, required=True)
    parser.add_argument("--kept", type=Path, default=Path("~/.cache/assay-bench/risk").expanduser())
    parser.add_argument("--first", type=int, default=2016)
    parser.add_argument("--last", type=int, default=2025)
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    """Print the tables; 2 where lightgbm is missing."""
    given = options("risk", __doc__, argv)
    try:
        import lightgbm  # noqa: F401
    except ImportError:
        print("this benchmark needs lightgbm: `pip install lightgbm` into this environment", file=sys.stderr)
        return 2
    labels = published(given.data)
    training = [
        with_published_labels(load(path), labels[name])
        for name, path in mined(given.histories, given.kept, labels=False, only=labels).items()
    ]
    fresh = mined(given.histories, given.kept, labels=True, besides=labels)
    held = [load(path) for path in fresh.values()]
    print(f"trained on {_counted(training)}; measured on {_counted(held)}")
    asked: list[Asked] = []
    for year in range(given.first, given.last + 1):
        asked += _year(training, held, year)
    _print_walk(asked)
    _print_reverts(training, held, given.first, given.last)
    return 0


def _counted(tables: Sequence[Table]) -> str:
    return f"{len(tables)} repositories ({sum(len(table.rows) for table in tables):,} commits)"


def _start(year: int) -> int:
    return int(datetime(year, 1, 1, tzinfo=UTC).timestamp())


def _of_year(
    tables: Sequence[Table], year: int, label: Callable[[Row, int], bool | None]
) -> list[tuple[str, Row, bool]]:
    found = []
    for table in tables:
        for row in table.rows:
            outcome = label(row, table.until) if _start(year) <= row.time < _start(year + 1) else None
            if outcome is not None:
                found.append((table.name, row, outcome))
    return found


def _year(training: Sequence[Table], held: Sequence[Table], year: int) -> list[Asked]:
    from bench import risk_fit

    until = _start(year)
    whole = risk_fit.fit(risk_fit.LATER_FIX, training, until)
    diff = risk_fit.fit(risk_fit.LATER_FIX_DIFF, training, until)
    named: dict[str, Chance] = {
        "model": lambda row: whole.probability(row.features),
        "without history": lambda row: diff.probability(row.features),
        "lines added": risk_fit.logistic(training, until, ("code",)),
        "Kamei, no author": risk_fit.logistic(training, until, risk_fit.KAMEI),
    }
    own = {table.name: _corrected(whole, table, until) for table in held}
    asked = [
        Asked(
            repository=name,
            year=year,
            row=row,
            outcome=outcome,
            chances={
                **{each: chance(row) for each, chance in named.items()},
                "model, corrected": own[name](row),
            },
        )
        for name, row, outcome in _of_year(held, year, risk_fit.later_fix)
    ]
    print(f"{year}: {_line(_figures(asked, 'model'))} known {whole.spread.known}", flush=True)
    return asked


def _corrected(model: Model, table: Table, until: int) -> Chance:
    """The model on the line that the repository's own labels known by `until` give, as `assay risk train`."""
    labels = [(row, row.label(min(until, table.until))) for row in table.rows]
    known = [
        (model.logit(model.values(row.features)), bool(was), row) for row, was in labels if was is not None
    ]
    weights = [0.5 ** ((until - row.time) / (3 * WINDOW)) for _, _, row in known]
    line = fit_line(
        [logit for logit, _, _ in known],
        [was for _, was, _ in known],
        weights,
        around=model.spread.known,
    )
    return lambda row: sigmoid(line.at(model.logit(model.values(row.features))))


def floor(chances: Sequence[float], draws: int = 20) -> float:
    """The calibration error that perfect probabilities would show on so few commits: by drawing outcomes."""
    source = random.Random(1)
    total = sum(ece(chances, [source.random() < chance for chance in chances]) for _ in range(draws))
    return total / draws


def _figures(asked: Sequence[Asked], name: str) -> Figures:
    return figures(
        [each.chances[name] for each in asked],
        [each.outcome for each in asked],
        [each.row.lines for each in asked],
    )


def _line(found: Figures) -> str:
    caught = "/".join(f"{share:.1%}" for share in found.caught)
    return (
        f"{found.changes:6,} commits, {found.events / found.changes:.1%} fixed: AUC {found.auc:.3f}, "
        f"within {found.within:.3f}, Brier {found.brier:.4f}, ECE {found.ece:.4f}, top 5/10/30 % {caught}"
    )


def _print_walk(asked: Sequence[Asked]) -> None:
    print("\nall years")
    for name in asked[0].chances:
        years = sorted({each.year for each in asked})
        of_years = [[each for each in asked if each.year == year] for year in years]
        errors = [
            ece([a.chances[name] for a in part], [a.outcome for a in part]) * len(part) for part in of_years
        ]
        least = sum(floor([a.chances[name] for a in part]) * len(part) for part in of_years)
        yearly = f"mean yearly ECE {sum(errors) / len(asked):.4f} (of chance alone {least / len(asked):.4f})"
        print(f"  {name:18} {_line(_figures(asked, name))}, {yearly}")
    print("\nby repository")
    for name in sorted({each.repository for each in asked}):
        print(f"  {name:18} {_line(_figures([a for a in asked if a.repository == name], 'model'))}")
    _print_coverage(asked)
    newest = [each for each in asked if each.year >= asked[-1].year - 2]
    model = shipped("later-fix")
    chances = [model.probability(each.row.features) for each in newest]
    found = figures(chances, [each.outcome for each in newest], [each.row.lines for each in newest])
    print(f"\nthe shipped model on the newest three years\n  {_line(found)}")


def _print_coverage(asked: Sequence[Asked]) -> None:
    """How often the share that was fixed, in thirds of each repository's years by what was said, lies in the
    mean interval, widened by the chance of so few commits."""
    width = _NINETY * shipped("later-fix").spread.known
    cells: dict[tuple[str, int], list[Asked]] = defaultdict(list)
    for each in asked:
        cells[each.repository, each.year // 3].append(each)
    inside = total = 0
    for cell in cells.values():
        cell.sort(key=lambda each: each.chances["model"])
        for part in range(3):
            those = cell[len(cell) * part // 3 : len(cell) * (part + 1) // 3]
            chances = [each.chances["model"] for each in those]
            if sum(chances) < _LEAST_EXPECTED:
                continue
            low = sum(sigmoid(log_odds(chance) - width) for chance in chances)
            high = sum(sigmoid(log_odds(chance) + width) for chance in chances)
            seen = sum(each.outcome for each in those)
            total += 1
            inside += low - _NINETY * low**0.5 <= seen <= high + _NINETY * high**0.5
    print(f"\nintervals: {inside} of {total} cells of a repository's three years hold what happened")


def _print_reverts(training: Sequence[Table], held: Sequence[Table], first: int, last: int) -> None:
    from bench import risk_fit

    rows = []
    for year in range(max(first, last - 5), last + 1):
        model = risk_fit.fit(risk_fit.REVERTED, training, _start(year), risk_fit.undone)
        rate = risk_fit.rate(training, _start(year), risk_fit.undone)
        rows += [
            (model.probability(row.features), rate, outcome, row.lines)
            for _, row, outcome in _of_year(held, year, risk_fit.undone)
        ]
    print("\nreverted within 30 days")
    for name, place in (("model", 0), ("base rate", 1)):
        found = figures([row[place] for row in rows], [row[2] for row in rows], [row[3] for row in rows])
        print(f"  {name:18} {_line(found)}, {found.events} reverts, Brier {found.brier:.6f}")
