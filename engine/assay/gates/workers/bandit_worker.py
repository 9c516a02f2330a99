"""Warm worker: what does bandit say about each source?

Runs inside a jail under Assay's own Python, with `-I -S` and the directories of bandit and its dependencies
as arguments. Parses and never executes what it is given. Requests and replies are framed as in
`compile_worker.py`; the form of a request stands in `assay/gates/frames.py`. Each reply has a `status`: `ok`,
`excluded` (the configuration leaves the file out) or `skipped` (bandit could not read it, `reason` says
why; bandit itself would exit 0), and `crashed` names the checks that raised instead of answering.
"""

from __future__ import annotations

import ast
import gc
import json
import logging
import os
import shutil
import struct
import sys
import tempfile
from functools import cached_property
from importlib import metadata
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

# Bandit's modules and one file's tree at a time: nothing to look through for garbage at every turn. A file's
# tree is garbage that goes in circles, so that somebody has to look through it at last (see `main`).
gc.set_threshold(20_000, 20, 20)
sys.path[:0] = sys.argv[1:]

from stevedore import extension  # noqa: E402

FORMATTERS = "bandit.formatters"


def plug_ins(self: Any) -> list[metadata.EntryPoint]:
    """What bandit is to load of one kind: everything that is installed, but nothing that only prints results.
    Takes the place of a search that parses what every installed package offers, of every kind."""
    if self.namespace == FORMATTERS:
        return []
    found: dict[tuple[str, str], metadata.EntryPoint] = {}
    for place in sys.path:
        for listing in sorted(Path(place).glob("*.*-info/entry_points.txt")):
            text = listing.read_text("utf-8")
            if f"[{self.namespace}]" in text:
                offered = metadata.Distribution.at(listing.parent).entry_points
                found |= {(e.name, e.value): e for e in offered if e.group == self.namespace}
    return list(found.values())


def without_display() -> None:
    """Keep out the library by which bandit's command line shows its progress, which imports for longer than
    most files are scanned. It is not used here: one file at a time makes no progress bar."""
    progress = ModuleType("rich.progress")
    progress.track = iter  # type: ignore[attr-defined]
    rich = ModuleType("rich")
    rich.progress = progress  # type: ignore[attr-defined]
    sys.modules.update({"rich": rich, "rich.progress": progress})


extension.ExtensionManager.list_entry_points = plug_ins  # type: ignore[method-assign]
without_display()

from bandit.core import config as bandit_config  # noqa: E402
from bandit.core import constants, extension_loader, manager, node_visitor, tester  # noqa: E402
from bandit.core import utils as bandit_utils  # noqa: E402

TREE = "tree"
"""The directory, in the worker's own, where the one file being scanned stands."""

GARBAGE = 256 * 1024
"""Bytes of source after which what is left of their trees is cleared away."""

DESCENT = {
    *("ast", "iter_fields", "isinstance", "list", "len", "enumerate", "AST", "_bandit_sibling"),
    *("_bandit_parent", "pre_visit", "visit", "generic_visit", "post_visit"),
}
"""What bandit's own way through a tree speaks of, as far as `descend` takes its place."""

crashed_checks: list[str] = []


def note_crash(test: str, _context: object, error: Exception) -> None:
    """Stands in for bandit's own handler, which logs the crash of a check and calls the file clean."""
    crashed_checks.append(f"{test}: {type(error).__name__}")


def descend(self: Any, node: ast.AST) -> None:
    """Takes the place of bandit's way through a tree. Of a node that neither a check nor bandit itself asks
    about, which is nearly every one, only its place is noted."""
    asked = self.asked
    for field in node._fields:
        value = getattr(node, field, None)
        items = value if isinstance(value, list) else (value,)
        last = len(items) - 1
        for index, item in enumerate(items):
            if not isinstance(item, ast.AST):
                continue
            item._bandit_sibling = items[index + 1] if index < last else None  # type: ignore[attr-defined]
            item._bandit_parent = node  # type: ignore[attr-defined]
            if type(item).__name__ not in asked:
                if item._fields:
                    descend(self, item)
                continue
            self.pre_visit(item)
            self.visit(item)
            descend(self, item)
            self.post_visit(item)


def asked_about(self: Any) -> frozenset[str]:
    """The kinds of nodes that there are checks for, or that bandit follows names by."""
    own = {name.removeprefix("visit_") for name in dir(type(self)) if name.startswith("visit_")}
    return frozenset(own | set(self.tester.testset.tests))


def lighten() -> None:
    """Leave out what bandit does at every node and nobody here reads: scores, words for a log, a look for
    comments where there are none. What it finds is the same. A bandit that goes another way is left alone."""
    visitor, testing = node_visitor.BanditNodeVisitor, tester.BanditTester
    if set(visitor.generic_visit.__code__.co_names) != DESCENT:
        return
    visitor.asked = cached_property(asked_about)
    visitor.asked.__set_name__(visitor, "asked")
    visitor.generic_visit = descend
    visitor.update_scores = lambda self, scores: None
    comments = testing._get_nosecs_from_contexts

    def noted(self: Any, context: Any, test_result: Any = None) -> Any:
        return comments(self, context, test_result) if self.nosec_lines else None

    testing._get_nosecs_from_contexts = noted
    tester.copy = SimpleNamespace(copy=dict.copy)
    for module in (node_visitor, tester, manager):
        module.LOG.debug = lambda *_words: None


def may_hide(source: bytes) -> bool:
    """Whether a comment of a source may say `nosec`; in an encoding that the source names, who knows."""
    return b"nosec" in source or b"coding" in b"".join(source.split(b"\n", 2)[:2])


class Rules:
    """One configuration, loaded once: which checks run and which files are left out."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.config = bandit_config.BanditConfig(write_config(settings))
        ini = settings.get("ini") or {}
        self.profile = {
            "include": set(self.config.get_option("tests") or []) | split(ini.get("tests")),
            "exclude": set(self.config.get_option("skips") or []) | split(ini.get("skips")),
        }
        extension_loader.MANAGER.validate_profile(self.profile)
        self.excluded = list(self.config.get_option("exclude_dirs") or [])
        self.excluded += sorted(split(ini.get("exclude"))) or constants.EXCLUDE
        self.included = self.config.get_option("include") or ["*.py", "*.pyw"]

    def manager(self, *, ignore_nosec: bool) -> Any:
        """A fresh bandit for one file."""
        return manager.BanditManager(
            self.config, "file", profile=dict(self.profile), ignore_nosec=ignore_nosec, quiet=True
        )

    def leaves_out(self, path: str) -> bool:
        """Whether `bandit -r .` would pass this file by."""
        return not manager._is_file_included("./" + path, self.included, self.excluded)


def split(text: str | None) -> set[str]:
    """The parts of a comma-separated setting."""
    return {part.strip() for part in (text or "").split(",") if part.strip()}


def write_config(settings: dict[str, Any]) -> str | None:
    """The path of the configuration file that these settings stand for, or None."""
    for suffix in ("toml", "yaml"):
        if settings.get(suffix) is not None:
            path = Path.cwd() / f"bandit-config.{suffix}"
            path.write_text(settings[suffix], encoding="utf-8")
            return str(path)
    return None


def scan(rules: Rules, unit: dict[str, Any], source: bytes) -> dict[str, Any]:
    """The reply for one unit."""
    path = Path(unit["path"])
    if path.is_absolute() or ".." in path.parts:
        return {"id": unit["id"], "status": "skipped", "reason": "its path leaves the tree"}
    if rules.leaves_out(unit["path"]):
        return {"id": unit["id"], "status": "excluded"}
    # The file stands at its own relative path, since some checks look at names; nothing else stands there.
    here = Path.cwd()
    tree = here / TREE
    tree.mkdir()
    os.chdir(tree)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(source)
        return scan_file(rules, unit, comments=may_hide(source) and not unit.get("ignore_nosec"))
    except OSError as error:
        return {
            "id": unit["id"],
            "status": "skipped",
            "reason": f"it cannot be written out ({error.strerror})",
        }
    finally:
        os.chdir(here)
        shutil.rmtree(tree)


def scan_file(rules: Rules, unit: dict[str, Any], *, comments: bool) -> dict[str, Any]:
    """Run bandit on one file below the current directory. `comments`: what they hide is hidden."""
    crashed_checks.clear()
    bandit = rules.manager(ignore_nosec=not comments)
    bandit.files_list = ["./" + unit["path"]]
    bandit.run_tests()
    if bandit.skipped:
        return {"id": unit["id"], "status": "skipped", "reason": str(bandit.skipped[0][1])}
    return {
        "id": unit["id"],
        "status": "ok",
        "crashed": sorted(set(crashed_checks)),
        "findings": [describe(issue) for issue in bandit.results],
    }


def describe(issue: Any) -> dict[str, Any]:
    """One issue as plain data."""
    lines = list(issue.linerange or [issue.lineno])
    return {
        "rule": issue.test_id,
        "message": issue.text,
        "line": issue.lineno,
        "first": min(lines),
        "last": max(lines),
        "column": max(issue.col_offset + 1, 0),
        "severity": issue.severity.lower(),
        "confidence": issue.confidence.lower(),
    }


def answer(payload: bytes, loaded: dict[str, Rules]) -> dict[str, Any]:
    """The reply to one request. `loaded` keeps the rules of configurations already seen."""
    (length,) = struct.unpack(">I", payload[:4])
    header = json.loads(payload[4 : 4 + length].decode("ascii"))
    key = json.dumps(header["config"], sort_keys=True)
    try:
        rules = loaded[key] = loaded.get(key) or Rules(header["config"])
    except (bandit_utils.ConfigError, ValueError, TypeError, AttributeError) as error:
        return {"error": f"bandit's configuration is not usable ({error})"}
    position = 4 + length
    replies = []
    for unit in header["units"]:
        source = payload[position : position + unit["size"]]
        position += unit["size"]
        replies.append(scan(rules, unit, source))
    return {"units": replies}


def read_exactly(count: int) -> bytes:
    """`count` bytes of standard input, or none at its end."""
    data = sys.stdin.buffer.read(count)
    return data if len(data) == count else b""


def main() -> None:
    """Answer until standard input closes."""
    logging.disable(logging.CRITICAL)
    lighten()
    tester.BanditTester.report_error = staticmethod(note_crash)
    loaded: dict[str, Rules] = {}
    scanned = 0
    # What is imported stays, and need not be looked through again.
    gc.freeze()
    with (
        tempfile.TemporaryDirectory(prefix="scan") as directory,
        os.fdopen(int(os.environ["ASSAY_REPORT_FD"]), "wb") as report,
    ):
        os.chdir(directory)
        while prefix := read_exactly(4):
            payload = read_exactly(struct.unpack(">I", prefix)[0])
            if not payload:
                break
            reply = json.dumps(answer(payload, loaded)).encode("ascii")
            report.write(struct.pack(">I", len(reply)) + reply)
            report.flush()
            # Now that nobody waits.
            scanned += len(payload)
            if scanned > GARBAGE:
                gc.collect()
                scanned = 0
        os.chdir("/")


if __name__ == "__main__":
    main()
