"""`assay policy`: what applies, where each rule comes from, and what is wrong with a file."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.delta.sanitise import plain
from assay.front import complete, options, toml
from assay.front.answer import answer, columns
from assay.front.options import PlainFormat
from assay.model.errors import BadInput, Exit

if TYPE_CHECKING:
    from assay.policy.explain import Setting
    from assay.policy.schema import Policy

app = typer.Typer(help="Show, explain and validate policies.")


class For(StrEnum):
    """The commands, by the pack each falls back to."""

    CHECK = "check"
    GRADE = "grade"
    LAND = "land"


_PACKS = {For.CHECK: "default", For.GRADE: "agent", For.LAND: "agent"}

Named = Annotated[
    str | None,
    typer.Argument(
        metavar="[NAME|FILE]",
        help="A pack or a file; without it, what applies to this repository.",
        autocompletion=complete.policies,
        show_default=False,
    ),
]
ForCommand = Annotated[For, typer.Option("--for", help="The command whose pack is meant.")]


@app.command()
def show(
    named: Named = None,
    repo: options.Repo = Path(),
    base: options.BaseRev = None,
    command: ForCommand = For.GRADE,
    format_: options.PlainFormatName = PlainFormat.TEXT,
) -> int:
    """Print the whole policy in effect, as TOML that is itself a policy file."""
    policy, settings = _loaded(named, repo, base, command)
    head = [f"# policy {policy.name}, digest {policy.digest}", f"# laid over each other: {_origin(policy)}"]
    # Tables merge, so the file needs the same pack below it to mean the same.
    below = [f"extends = {toml.value(_pack(policy))}"]
    body = [
        line for each in settings if each.value is not None for line in toml.setting(each.key, each.value)
    ]
    document = {
        "policy": {"name": policy.name, "digest": policy.digest, "origin": policy.origin},
        "settings": {each.key: each.value for each in settings},
    }
    answer(format_, "\n".join(map(plain, [*head, *below, *body])), document)
    return int(Exit.ACCEPTED)


@app.command()
def explain(
    named: Named = None,
    repo: options.Repo = Path(),
    base: options.BaseRev = None,
    command: ForCommand = For.GRADE,
    format_: options.PlainFormatName = PlainFormat.TEXT,
) -> int:
    """Print every rule in effect with the layer that set it."""
    policy, settings = _loaded(named, repo, base, command)
    rows = [("KEY", "SET BY", "VALUE")]
    rows += [(each.key, each.source, _short(toml.value(each.value))) for each in settings]
    head = f"policy {policy.name}, laid over each other: {_origin(policy)}\n\n"
    document = {
        "policy": {"name": policy.name, "digest": policy.digest, "origin": policy.origin},
        "settings": settings,
    }
    answer(format_, plain(head[:-2]) + "\n\n" + columns(rows), document)
    return int(Exit.ACCEPTED)


@app.command()
def validate(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A policy file.")] = Path("assay.toml"),
    format_: options.PlainFormatName = PlainFormat.TEXT,
) -> int:
    """Print everything that is wrong with a policy file; exit 2 if anything is."""
    from assay.policy.validate import validate as problems_of

    if not file.is_file():
        raise BadInput("is no policy file", where=str(file), fix="name one")
    problems = problems_of(file)
    lines = [plain(problem.sentence) for problem in problems] or [f"{file}: a valid policy"]
    answer(format_, "\n".join(lines), {"file": str(file), "problems": problems})
    return int(Exit.BAD_INPUT if problems else Exit.ACCEPTED)


def _loaded(
    named: str | None, repo: Path, base: str | None, command: For
) -> tuple[Policy, tuple[Setting, ...]]:
    from assay.policy.explain import explain as settings_of
    from assay.policy.load import load, nothing_on_the_base

    if named is not None:
        policy = load(named, default_pack=_PACKS[command], base_reader=nothing_on_the_base)
        return policy, settings_of(policy)
    from assay.repo.repository import open_repository

    repository = open_repository(repo, os.environ)
    tree = (repository.resolve(base) if base is not None else repository.head()).tree
    policy = load(None, default_pack=_PACKS[command], base_reader=lambda path: repository.read(tree, path))
    return policy, settings_of(policy)


def _origin(policy: Policy) -> str:
    return ", then ".join(policy.origin) or "nothing but the built-in defaults"


def _pack(policy: Policy) -> str:
    """The uppermost pack of a policy's layers; every chain ends in one."""
    packs = [layer.removeprefix("pack ") for layer in policy.origin if layer.startswith("pack ")]
    return packs[-1]


def _short(text: str, limit: int = 100) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
