"""The documentation against the program: every command shown parses, every option is described."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.front import app

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*ROOT.glob("*.md"), *sorted((ROOT / "docs").rglob("*.md")), ROOT / ".pre-commit-hooks.yaml"]
_FENCE = re.compile(r"^```(?:sh|console|bash)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`(assay [^`]*)`")
_PLACEHOLDER = re.compile(r"\b(SOURCE|BRANCH|ID|NAME|FILE|COMMAND|DIR|REV|K)\b|\.\.\.|\|")
_LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def _shown(text: str) -> Iterator[str]:
    for block in _FENCE.findall(text):
        for line in block.splitlines():
            if (found := re.search(r"(?:^|exec |\$ )(assay .*)", line)) is not None:
                yield found[1].split(" < ")[0].removesuffix("\\n' > .git/hooks/pre-commit")
    for inline in _INLINE.findall(text):
        if not _PLACEHOLDER.search(inline):
            yield inline
    yield from re.findall(r"^\s*entry: (assay .*)$", text, re.MULTILINE)


COMMANDS = [(page.relative_to(ROOT), line) for page in PAGES for line in _shown(page.read_text())]


def _leaf(words: list[str]):
    """The command that `words` name, its path, and what is left of the words."""
    command, path = app.command(), []
    while getattr(command, "commands", None) and words and not words[0].startswith("-"):
        path.append(words[0])
        assert words[0] in command.commands, f"no such command: {' '.join(path)}"
        command, words = command.commands[words[0]], words[1:]
    return command, path, words


def test_the_documentation_shows_commands():
    assert len(COMMANDS) > 40


@pytest.mark.parametrize(("page", "line"), COMMANDS)
def test_every_command_shown_parses(page, line):
    command, path, words = _leaf(shlex.split(line, comments=True)[1:])
    if getattr(command, "commands", None):
        names = {name for parameter in command.params for name in parameter.opts}
        assert set(words) <= names, f"{page}: {line}"
        return
    if "--help" in words:
        return
    # Commands that explain themselves without arguments may be named without them in running text.
    if not words and any(parameter.required for parameter in command.params):
        return
    with command.make_context(" ".join(path), list(words)):
        pass


def test_every_command_and_option_is_in_the_reference():
    reference = (ROOT / "docs/reference/cli.md").read_text()
    sections = {section.split("\n", 1)[0].strip(): section for section in reference.split("\n## ")}

    def section_of(path: list[str]) -> str:
        wanted = " ".join(["assay", *path])
        return next(
            text for title, text in sections.items() if title == wanted or title.startswith(f"{wanted} ")
        )

    def walk(command, path: list[str]) -> Iterator[tuple[str, str]]:
        for name, inner in getattr(command, "commands", {}).items():
            yield from walk(inner, [*path, name])
        if not getattr(command, "commands", None):
            text = section_of(path)
            for parameter in command.params:
                for option in parameter.opts:
                    if option.startswith("--") and option != "--help" and f"`{option}" not in text:
                        yield " ".join(path), option

    assert list(walk(app.command(), [])) == []


def test_the_reference_names_no_option_that_is_not_there():
    reference = (ROOT / "docs/reference/cli.md").read_text()

    def known(command) -> set[str]:
        own = {option for one in command.params for option in (*one.opts, *one.secondary_opts)}
        return own.union(*(known(inner) for inner in getattr(command, "commands", {}).values()))

    shown = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", reference))
    foreign = {"--stdout", "--help"}  # git's, and every command's
    assert shown - known(app.command()) - foreign == set()


@pytest.mark.parametrize("page", [page for page in PAGES if page.suffix == ".md"], ids=str)
def test_links_lead_somewhere(page):
    for target in _LINK.findall(page.read_text()):
        assert (page.parent / target).exists(), target


def test_every_policy_key_is_in_the_reference():
    from assay.policy.explain import explain
    from assay.policy.load import load, nothing_on_the_base

    reference = (ROOT / "docs/reference/policy.md").read_text()
    policy = load("agent", default_pack="agent", base_reader=nothing_on_the_base)
    keys = {".".join(setting.key.split(".")[:2]) for setting in explain(policy)}
    tables = {"prepare", "command"}
    assert [key for key in sorted(keys - tables) if f"`{key}`" not in reference] == []


def test_every_rule_of_scope_is_in_the_reference_with_its_severities():
    from assay.gates.scope_rules import SEVERITIES
    from assay.policy.load import load, nothing_on_the_base

    text = (ROOT / "docs/reference/gates.md").read_text()
    rows = re.findall(r"^\| (`scope/[^|]*) \|[^|]*\| (\w+) \| (\w+) \| (\w+) \|$", text, re.MULTILINE)
    shown = {rule: row[1:] for row in rows for rule in re.findall(r"`(scope/[\w-]+)`", row[0])}
    packs = [
        load(pack, default_pack=pack, base_reader=nothing_on_the_base).scope.severity
        for pack in ("default", "agent", "strict")
    ]
    assert shown == {
        rule: tuple(str(pack.get(rule, severity)) for pack in packs) for rule, severity in SEVERITIES.items()
    }


@pytest.mark.parametrize(
    "record", ["Report", "CandidateReport", "GateResult", "Finding", "PatchSet", "Delta"]
)
def test_every_field_of_the_json_is_in_the_reference(record):
    import msgspec

    from assay.model import delta, outcome, report

    found = next(getattr(module, record) for module in (report, outcome, delta) if hasattr(module, record))
    text = (ROOT / "docs/reference/json.md").read_text()
    flattened = {"use"}  # shown as `seconds` and `cpu_seconds`
    names = {each.encode_name for each in msgspec.structs.fields(found)} - flattened
    assert [name for name in sorted(names) if not re.search(rf"`{name}(\[\]|\.\w+)?`", text)] == []


def test_policies_shown_are_valid(tmp_path):
    from assay.policy.validate import validate

    blocks = [
        (page.name, block)
        for page in PAGES
        for block in re.findall(r"^```toml\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
        if "[project" not in block
    ]
    assert blocks
    for name, block in blocks:
        (tmp_path / "shown.toml").write_text(block)
        assert validate(tmp_path / "shown.toml") == (), name


def test_the_workflow_for_github_is_one_and_its_commands_parse():
    import yaml

    (block,) = re.findall(r"^```yaml\n(.*?)^```", (ROOT / "docs/how-to/github.md").read_text(), re.M | re.S)
    steps = yaml.safe_load(block)["jobs"]["assay"]["steps"]
    runs = "\n".join(step["run"] for step in steps if "run" in step).replace("\\\n", " ")
    lines = re.findall(r'^"\$RUNNER_TEMP/assay/bin/assay" (.*?)(?: \|\| true)?$', runs, re.M)
    assert len(lines) == 3
    for line in lines:
        test_every_command_shown_parses("github.md", f"assay {line}")
    # What a branch is called must not be pasted into a script.
    assert "${{" not in runs
