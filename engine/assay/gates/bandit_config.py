"""The base's bandit configuration, as the worker is told it.

Promises: reads the run's base only (invariant 3). Honoured are the file that the policy names, else the
`.bandit` ini at the root with what it points to, else `[tool.bandit]` of the root's pyproject.toml.
"""

from __future__ import annotations

import configparser
import hashlib
import json
import tomllib

from msgspec import field

from assay.gates.protocol import Toolbox
from assay.model.candidate import Record
from assay.model.errors import BadInput
from assay.repo.repository import Repository

_INI_KEYS = ("tests", "skips", "exclude")


class BanditRules(Record, frozen=True, kw_only=True):
    """Texts of the configuration (None: there is none of the kind) and the settings of an ini file."""

    toml: str | None = None
    yaml: str | None = None
    ini: dict[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> dict[str, object]:
        """The form that the worker reads."""
        return {"toml": self.toml, "yaml": self.yaml, "ini": self.ini}

    @property
    def digest(self) -> str:
        """Equal rules, equal digests."""
        return hashlib.sha256(json.dumps(self.settings, sort_keys=True).encode("ascii")).hexdigest()


async def base_rules(toolbox: Toolbox) -> BanditRules:
    """The rules of the run's base, read once per run. Raises `BadInput` for a file that is not there."""

    async def make() -> BanditRules:
        return read_rules(toolbox.repo, toolbox.base.tree, toolbox.policy.security.config)

    return await toolbox.once("security/rules", make)


def read_rules(repo: Repository, tree: str, named: str) -> BanditRules:
    """The rules of `tree`; `named` is the policy's own choice of file, or empty."""
    if named and named.rsplit("/", 1)[-1] != ".bandit" and not named.endswith(".ini"):
        return _from_file(repo, tree, named, {})
    ini = _ini(repo, tree, named or ".bandit", required=bool(named))
    if pointed := ini.pop("configfile", ""):
        return _from_file(repo, tree, pointed, ini)
    project = repo.read(tree, "pyproject.toml")
    if project is not None and _has_table(project):
        return BanditRules(toml=project.decode(), ini=ini)
    return BanditRules(ini=ini)


def _from_file(repo: Repository, tree: str, path: str, ini: dict[str, str]) -> BanditRules:
    content = repo.read(tree, path.removeprefix("./"))
    if content is None:
        raise BadInput(
            f"{path} is named as bandit's configuration, and the base has no such file",
            fix="correct security.config, or the .bandit file",
        )
    text = content.decode("utf-8", "replace")
    return BanditRules(toml=text, ini=ini) if path.endswith(".toml") else BanditRules(yaml=text, ini=ini)


def _ini(repo: Repository, tree: str, path: str, *, required: bool) -> dict[str, str]:
    content = repo.read(tree, path)
    if content is None:
        if required:
            raise BadInput(
                f"{path} is named as bandit's configuration, and the base has no such file",
                fix="correct security.config",
            )
        return {}
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(content.decode("utf-8", "replace"))
    except configparser.Error as error:
        raise BadInput(f"{path} on the base is no ini file ({error.message})", fix="correct it") from None
    if not parser.has_section("bandit"):
        return {}
    section = parser["bandit"]
    return {key: section[key] for key in (*_INI_KEYS, "configfile") if key in section}


def _has_table(project: bytes) -> bool:
    try:
        return "bandit" in tomllib.loads(project.decode()).get("tool", {})
    except (ValueError, RecursionError):
        # A pyproject.toml that nothing can read configures nothing; the tools that need it will say so.
        return False
