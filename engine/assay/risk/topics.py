"""Sensitive topics: paths where a defect costs more than elsewhere.

Promises: pure data and matching; the policy's own globs come first and count as a topic of their own.
Points are judgement, as in `weights`: where a defect loses money, data or secrets, the topic and a change of
a few lines that adds a branch together reach the default start of the medium band.
"""

from __future__ import annotations

from collections.abc import Sequence

from assay.model.candidate import Record
from assay.model.expressions import expression
from assay.repo.globs import compile_globs

_WORD = expression(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_POLICY_POINTS = 0.30


class Topic(Record, frozen=True, kw_only=True):
    """A name, what its paths look like, and the points it adds when a change touches one.

    A path belongs if a file or directory in it is named with one of `words` (`user_auth.py`, `UserAuth.ts`;
    not `author.py`), or if it matches one of `globs` in lower case.
    """

    name: str
    points: float
    words: frozenset[str] = frozenset()
    globs: tuple[str, ...] = ()


class Touched(Record, frozen=True, kw_only=True):
    """A topic that a change touches, and the first path that does."""

    name: str
    points: float
    path: str


TOPICS: tuple[Topic, ...] = (
    Topic(
        name="authentication",
        points=0.30,
        words=frozenset(
            [
                "auth",
                "oauth",
                "authentication",
                "authorization",
                "login",
                "permission",
                "permissions",
                "password",
                "passwords",
                "session",
                "sessions",
                "acl",
                "jwt",
                "csrf",
            ]
        ),
    ),
    Topic(
        name="cryptography",
        points=0.30,
        words=frozenset(
            ["crypto", "cryptography", "cipher", "ciphers", "tls", "ssl", "secret", "secrets", "signing"]
        ),
    ),
    Topic(
        name="payment",
        points=0.30,
        words=frozenset(["payment", "payments", "billing", "invoice", "invoices", "checkout"]),
    ),
    Topic(
        name="migrations",
        points=0.30,
        words=frozenset(["migration", "migrations", "alembic"]),
        globs=("**/*.sql",),
    ),
    Topic(
        name="continuous integration",
        points=0.12,
        globs=(
            ".github/workflows/**",
            ".github/actions/**",
            ".gitlab-ci.yml",
            ".circleci/**",
            "**/jenkinsfile",
            ".pre-commit-config.yaml",
            "assay.toml",
        ),
    ),
    Topic(
        name="build and dependencies",
        points=0.10,
        globs=(
            "**/pyproject.toml",
            "**/setup.py",
            "**/setup.cfg",
            "**/requirements*.txt",
            "**/requirements/*.txt",
            "**/package.json",
            "**/package-lock.json",
            "**/poetry.lock",
            "**/uv.lock",
            "**/go.mod",
            "**/go.sum",
            "**/cargo.toml",
            "**/dockerfile",
            "**/dockerfile.*",
            "**/makefile",
        ),
    ),
)


def touched(paths: Sequence[str], sensitive: Sequence[str], passive: Sequence[str]) -> tuple[Touched, ...]:
    """The topics that a change of `paths` touches, strongest first.

    `sensitive` are the policy's globs, matched as written against every path. `passive` paths (tests and
    prose) take no part in the shipped topics: a test of the login is not the login.
    """
    active = sorted(set(paths) - set(passive))
    found = [_first(topic, active) for topic in TOPICS]
    if sensitive:
        matcher = compile_globs(sensitive)
        hit = next((path for path in sorted(paths) if matcher.matches(path)), None)
        if hit is not None:
            found.append(Touched(name="sensitive by policy", points=_POLICY_POINTS, path=hit))
    return tuple(sorted((hit for hit in found if hit), key=lambda hit: (-hit.points, hit.name)))


def _first(topic: Topic, paths: Sequence[str]) -> Touched | None:
    matcher = compile_globs(topic.globs)
    for path in paths:
        words = {word.lower() for word in _WORD.findall(path)} if topic.words else set()
        if words & topic.words or matcher.matches(path.lower()):
            return Touched(name=topic.name, points=topic.points, path=path)
    return None
