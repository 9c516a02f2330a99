"""Whether tests can see how source is written: comments, layout, line numbers.

Promises: fails towards `yes`. Where it says no,

- pytest's configuration turns on no plugin that looks at text or counts lines;
- the base's tests were watched (see `testing.readmap`), and none of them can be affected by the difference:
  none reads these files, looks at the text or place of code, or does what cannot be followed; or, where tests
  are not watched, no Python file of the base has a word for such things, and no test file one for opening
  files or starting programs;
- the candidate adds no word for it, nor one by which code finds out what it is not told.

What is looked up of the base is looked up once and remembered. Of the candidate's code this is a reading of
words, no proof: what must not rest on it has `grade.equivalence = "text"`.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256

import anyio.to_thread

from assay.gates.protocol import Toolbox
from assay.gates.testing.impact import impact
from assay.gates.testing.readmap import helps, useful
from assay.gates.testing.reads import ReadMap
from assay.gates.testing.settings import FILES, section
from assay.grade.equivalence import Read
from assay.model.candidate import Candidate, Change
from assay.policy.schema import Policy
from assay.repo.diff import changes
from assay.repo.globs import compile_globs
from assay.repo.repository import EXECUTABLE, FILE, Repository

REVISION = 3
"""Raised when the words below change: what was looked up before is looked up anew."""

_PYTHON = (".py", ".pyi", ".pyx")

_ANYWHERE = re.compile(
    rb"getsource|findsource|getcomments|getblock|getframeinfo|getinnerframes|getouterframes|get_source|get_data"
    rb"|linecache|import tokenize|from tokenize|\btokenize\.(?:open|tokenize|generate)"
    rb"|lineno|traceback|stacklevel|findCaller|inspect\.(?:stack|trace)"
    rb"|__code__|\bco_[a-z]|settrace|setprofile|sys\.monitoring|marshal|cloudpickle|\bdill\b|py_compile|compileall"
    rb"|__file__|runpy|zipimport|importlib\.(?:resources|util|machinery)"
    rb"|excepthook|formatException|exc_info\s*=|\.exception\(\s*[^)\s]|stack_info|showwarning|formatwarning"
    rb"|faulthandler|tracemalloc|cProfile|pstats|import profile"
)
"""How a program comes by its own source, or by where in it something stands."""

_IN_TESTS = re.compile(
    rb"\bopen\s*\(|read_text|read_bytes|readlines|fileinput|\.py[\"']|\bglob|\bwalk\b|scandir|listdir|iterdir"
    rb"|subprocess|Popen|os\.(?:system|popen|spawn|exec|posix_spawn|fork)|multiprocessing|ProcessPool"
    rb"|create_subprocess|pexpect|sys\.executable|ctypes|shutil|tarfile|zipfile|pytester|testdir"
    rb"|caplog\.(?:text|handler)|recwarn|getrepr|reprcrash"
)
"""How a test comes by files, has other programs do it, or is shown lines that logged, warned or raised."""

_SHOWN = re.compile(
    rb"lineno|stacklevel|stack_info|findCaller|showwarning|formatwarning|faulthandler|tracemalloc"
    rb"|caplog\.(?:text|handler)|recwarn|getrepr|reprcrash"
)
"""How a test is shown lines without a file being read or code looked at: what watching it does not tell."""

_ADDED = re.compile(
    rb"\b(?:open|getattr|eval|exec|compile|__import__|importlib|inspect|_getframe|globals|locals|vars|dir"
    rb"|__dict__|__getattribute__|__spec__|__loader__|__builtins__|builtins|gc|sys|os|io|pathlib|Path|codecs"
    rb"|fileinput|mmap|ctypes|subprocess|warnings|logging|pkgutil|modules|read|read_text|read_bytes|readlines)\b"
)
"""What a candidate that looks at its own text would need more of than its base has: code that is graded by
another's run must not be able to tell which of the two it is."""

_OPTIONS = re.compile(
    r"cov|black|flake8|mypy|pyright|pylint|pylama|ruff|isort|lint|style|format|pep8|codespell|xdist", re.I
)
"""Parts of names of plugins and options that look at text, count lines, or run tests in other processes."""


async def seen(toolbox: Toolbox, candidate: Candidate, other: Candidate) -> str:
    """What may let a test see in which of two candidates of equal form it runs, in a few words; empty if
    nothing does."""
    base, policy = candidate.base.tree, toolbox.policy
    watched = await _watched(toolbox, base)
    about = "settings" if watched is not None else "words"
    key = f"sight:{REVISION}:{about}:{base}:{_settings(policy)}"

    async def look() -> str:
        known = await toolbox.recall(key)
        if known is not None:
            return known.decode("utf-8", "replace")
        shown = _SHOWN if watched is not None else None
        found = await anyio.to_thread.run_sync(_of_base, toolbox.repo, base, policy, shown)
        await toolbox.remember(key, found.encode("utf-8", "replace"))
        return found

    if watched is not None:
        assert candidate.tree is not None and other.tree is not None
        repo = toolbox.repo
        if noticed := by_map(watched, changes(repo, other.tree, candidate.tree, renames=False), repo.blob):
            return noticed
    return await toolbox.once(key, look) or _of_candidate(toolbox.repo, candidate, policy)


async def _watched(toolbox: Toolbox, base: str) -> ReadMap | None:
    """What the base's tests were seen to read, where the tests gate has them watched in any case."""
    if not helps(toolbox.policy.tests):
        return None
    reads = await useful(toolbox, base)
    return None if reads is None or reads.blind else reads


def by_map(reads: ReadMap, difference: Sequence[Change], read: Read) -> str:
    """Which tests may notice a difference that is one of comments and layout, as far as they were watched;
    empty if none does. Pure, but for reading blobs."""
    found = impact(reads, difference, read)
    if found.tests is None:
        return found.why
    return f"`{min(found.tests | found.files)}` may notice it" if found.tests or found.files else ""


def word_in(path: str, data: bytes, policy: Policy, words: re.Pattern[bytes] | None = None) -> str:
    """The first telling word of a file, with its path; empty if there is none. Of Python files those that are
    among `words`, if these are given. Pure."""
    if posixpath.basename(path) in FILES:
        section_ = repr(section(posixpath.basename(path), data))
        found = _OPTIONS.search(section_)
        return f"`{found[0]}` in {path}" if found else ""
    if not path.endswith(_PYTHON):
        return ""
    hit = (words or _ANYWHERE).search(data)
    if hit is None and words is None and compile_globs(policy.tests.paths)(path):
        hit = _IN_TESTS.search(data)
    return f"`{hit[0].decode('utf-8', 'replace')}` in {path}" if hit else ""


def _settings(policy: Policy) -> str:
    """A digest of what of a policy the answer depends on."""
    return sha256(repr((policy.tests.paths, policy.tests.args)).encode()).hexdigest()


def _of_base(repo: Repository, tree: str, policy: Policy, words: re.Pattern[bytes] | None) -> str:
    """The first telling word of pytest's configuration, and of Python files, there as `word_in` has it."""
    if (option := _OPTIONS.search(" ".join(policy.tests.args))) is not None:
        return f"`{option[0]}` in tests.args"
    for entry in repo.files(tree):
        telling = entry.path.endswith(_PYTHON) or posixpath.basename(entry.path) in FILES
        if not telling or entry.mode not in (FILE, EXECUTABLE):
            continue
        if word := word_in(entry.path, repo.blob(entry.blob), policy, words):
            return word
    return ""


def _of_candidate(repo: Repository, candidate: Candidate, policy: Policy) -> str:
    for change in candidate.changes:
        if change.new_mode not in (FILE, EXECUTABLE):
            continue
        now = repo.blob(change.new_blob)
        before = repo.blob(change.old_blob) if change.old_mode in (FILE, EXECUTABLE) else b""
        if word := word_in(change.path, now, policy) or _word_added(change.path, before, now):
            return word
    return ""


def _word_added(path: str, before: bytes, now: bytes) -> str:
    if not path.endswith(_PYTHON):
        return ""
    more = Counter(_ADDED.findall(now)) - Counter(_ADDED.findall(before))
    return f"`{min(more).decode()}` added in {path}" if more else ""
