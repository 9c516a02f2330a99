"""What changes in files of settings, by key path and not by line: configuration, continuous integration, and
schemas (see `schema`).

Promises: pure; equal settings written otherwise yield nothing; no value that may be a secret is shown; what a
file of requirements says is left to `dependencies`. Bounded per file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from assay.delta.content import Content
from assay.delta.generated import is_generated
from assay.delta.keys import Flat, flat, is_settings
from assay.delta.public import in_tests
from assay.delta.schema import is_schema, schema_changes
from assay.delta.secrets import hide
from assay.delta.short import apart
from assay.model.delta import Area, SettingChange
from assay.model.expressions import expression

_CI = expression(
    r"\.github/(?:workflows|actions)/.*|\.gitlab-ci\.ya?ml|\.circleci/.*|azure-pipelines.*\.ya?ml"
    r"|\.travis\.ya?ml|appveyor\.ya?ml|\.appveyor\.ya?ml|bitbucket-pipelines\.ya?ml|\.drone\.ya?ml"
    r"|\.woodpecker(?:/.*|\.ya?ml)|\.readthedocs\.ya?ml|\.github/dependabot\.ya?ml|\.pre-commit-config\.ya?ml"
)
_SECURITY = expression(
    r"(?:^|[.\[])(?:permissions|secrets|pull_request_target|workflow_run|id-token|environment|token"
    r"|persist-credentials|allow_unsafe|privileged|cap_add|security_opt|network_mode|userns_mode|hostNetwork"
    r"|runAsUser|allowPrivilegeEscalation|verify_ssl|ssl_verify|trusted[-_]host|debug)(?:$|[.\]])",
    re.IGNORECASE,
)
_SECRET_USE = expression(r"\$\{\{\s*(?:secrets\.|github\.token)")
_REQUIRES = expression(
    r"project\.(?:dependencies|optional-dependencies)\b|build-system\.requires$|dependency-groups\b"
    r"|tool\.poetry\.(?:dev-)?dependencies\b|tool\.poetry\.group\.[^.]+\.dependencies\b"
    r"|options\.(?:install_requires|extras_require)\b|(?:dev|peer|optional)?[dD]ependencies\."
)
_LONG = 80
_MOST = 60


def setting_changes(file: Content) -> tuple[SettingChange, ...]:
    """What a changed file sets otherwise; nothing for a file that is no settings. Raises
    UnreadableSettings."""
    if not file.is_plain or is_generated(file):
        return ()
    if is_schema(file.path):
        return tuple(schema_changes(file))[:_MOST]
    if not (is_settings(file.path) and (is_known(file.path) or not in_tests(file.path))):
        return ()
    old = flat(file.change.old_path, file.old or b"")
    new = flat(file.path, file.new or b"")
    return tuple(_changes(file.path, old, new))[:_MOST]


def is_known(path: str) -> bool:
    """Whether a file is read as settings wherever it stands."""
    return bool(_CI.fullmatch(path))


def _changes(path: str, old: Flat, new: Flat) -> Iterator[SettingChange]:
    area = Area.CI if _CI.fullmatch(path) else Area.CONFIGURATION
    for key in dict.fromkeys([*new, *old]):
        before, after = old.get(key), new.get(key)
        if before == after or _REQUIRES.match(key):
            continue
        shown = apart(hide(key, before or ""), hide(key, after or ""), _LONG)
        yield SettingChange(
            path=path,
            area=area,
            key=key,
            before=_present(before, shown[0]),
            after=_present(after, shown[1]),
            security=_matters(area, key, before, after),
        )


def _present(value: str | None, shown: str) -> str:
    """Something to show for an empty value, which is not the same as none."""
    return "" if value is None else shown or '""'


def _matters(area: Area, key: str, before: str | None, after: str | None) -> bool:
    if _SECURITY.search(key):
        return True
    return area is Area.CI and any(_SECRET_USE.search(value or "") for value in (before, after))
