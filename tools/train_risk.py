"""Fit the shipped risk models anew: `python tools/train_risk.py --data FILE --histories DIR`.

FILE is the published table of labelled commits (repo, commit, first_fix_ts, ...), DIR holds clones of its
repositories, bare or not, each named as in the table or `owner+name`. Features are mined from the clones and
kept in `--kept`, so that a second run starts at once. Needs lightgbm: `pip install lightgbm`.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

NO_BETTER = "reverts are too rare: no model of the diff told them better than their base rate, which this is"
ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "engine"), str(ROOT)]

import msgspec  # noqa: E402
from bench.risk_tables import Table, load, mined, published, with_published_labels  # noqa: E402
from msgspec.structs import replace  # noqa: E402

from assay.risk.model import Model  # noqa: E402
from bench import risk_fit  # noqa: E402


def main() -> int:
    """Train and write the models; 2 where lightgbm is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--histories", type=Path, required=True)
    parser.add_argument("--kept", type=Path, default=Path("~/.cache/assay-bench/risk").expanduser())
    parser.add_argument("--output", type=Path, default=ROOT / "engine" / "assay" / "risk" / "models")
    given = parser.parse_args()
    try:
        import lightgbm  # noqa: F401
    except ImportError:
        print("training needs lightgbm: `pip install lightgbm` into this environment", file=sys.stderr)
        return 2
    tables = training_tables(given.data, given.histories, given.kept)
    print(f"{len(tables)} repositories, {sum(len(table.rows) for table in tables)} commits")
    given.output.mkdir(parents=True, exist_ok=True)
    for model in models(tables, int(time.time())):
        data = msgspec.json.encode(model)
        (given.output / f"{model.name}.json").write_bytes(data + b"\n")
        print(f"{model.title}: {len(model.trees)} trees, {len(data):,} bytes, {model.spread}")
    return 0


def training_tables(data: Path, histories: Path, kept: Path) -> list[Table]:
    """The tables of the repositories in the published one, with its labels."""
    labels = published(data)
    found = mined(histories, kept, labels=False, only=labels)
    missing = sorted(set(labels) - set(found))
    if missing:
        print(f"no clone of {', '.join(missing)}", file=sys.stderr)
    return [with_published_labels(load(path), labels[name]) for name, path in sorted(found.items())]


def models(tables: list[Table], now: int) -> list[Model]:
    """The models that are shipped."""
    until = min(now, max(table.until for table in tables))
    whole = risk_fit.fit(risk_fit.LATER_FIX, tables, until)
    part = risk_fit.fit(risk_fit.LATER_FIX_DIFF, tables, until)
    recent = [row for table in tables for row in table.rows if row.time > until - 3 * risk_fit.YEAR]
    blind = round(risk_fit.apart(whole, part, recent), 3)
    spread = replace(part.spread, blind=blind)
    rate = risk_fit.rate(tables, until, risk_fit.undone)
    return [
        replace(whole, spread=replace(whole.spread, blind=blind)),
        replace(part, spread=spread),
        risk_fit.constant(risk_fit.REVERTED, rate, risk_fit.between_rates(tables, until), NO_BETTER),
    ]


if __name__ == "__main__":
    sys.exit(main())
