"""Reading what `--acceptance` and `--require` name: a directory, a patch, instance records, lists of tests.

Promises: reads files and runs nothing; a file that is not what it has to be is a `BadInput` that names it,
and the line or record.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assay.gates.testing.package import Laid
from assay.gates.testing.required import Required, read_lines, read_lists
from assay.model.candidate import Record
from assay.model.errors import BadInput
from assay.repo.paths import refusal, shown
from assay.repo.repository import EXECUTABLE, FILE

_JSON_SUFFIXES = (".json", ".jsonl", ".ndjson")
_JSON = re.compile(rb"\s*(?:\{\s*[\"}]|\[\s*[\[{\"\]])")
_SKIPPED = frozenset({".git", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache"})
_COMPILED = (".pyc", ".pyo")
_LARGEST = 64 * 1024 * 1024
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Given(Record, frozen=True, kw_only=True):
    """Tests for one task, or for whatever the candidates are attempts at. `source` is how the user called it;
    `patch` is applied to the base and takes the place of `files`."""

    source: str
    instance: str = ""
    files: tuple[Laid, ...] = ()
    patch: bytes | None = None
    required: Required = Required()


def read_given(path: Path) -> tuple[Given, ...]:
    """What `--acceptance` names, at least one. Raises BadInput."""
    where = str(path)
    if path.is_dir():
        return (Given(source=where, files=_directory(path)),)
    data = _read(path)
    if path.suffix.lower() in _JSON_SUFFIXES or _JSON.match(data):
        return _records(data, where)
    if not data.strip():
        raise BadInput("it is empty", where=where)
    return (Given(source=where, patch=data),)


def read_required(path: Path) -> Required:
    """What `--require` names: an object with lists, a list, or one id a line. Raises BadInput."""
    where = str(path)
    data = _read(path)
    if path.suffix.lower() in _JSON_SUFFIXES or _JSON.match(data):
        document = _decode(data, where)
        if isinstance(document, list):
            found = read_lists({"FAIL_TO_PASS": document}, where)
            required = Required(must_pass=found.fail_to_pass)
        elif isinstance(document, dict):
            required = read_lists(document, where)
        else:
            raise BadInput(
                "this is neither an object with FAIL_TO_PASS and PASS_TO_PASS nor a list", where=where
            )
    else:
        try:
            required = read_lines(data.decode("utf-8-sig"), where)
        except UnicodeDecodeError as error:
            raise BadInput("this is not UTF-8 text", where=where) from error
    if not required.ids:
        raise BadInput("there is no test id in it", where=where)
    return required


def _directory(top: Path) -> tuple[Laid, ...]:
    files = []
    size = 0
    for path in _walk(top):
        relative = path.relative_to(top).as_posix()
        if why := refusal(relative):
            raise BadInput(f"the path {shown(relative)!r} {why}", where=str(top))
        try:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):
                raise BadInput(f"{shown(relative)} is neither a file nor a directory", where=str(top))
            size += status.st_size
            if size > _LARGEST:
                raise BadInput(f"it holds more than {_LARGEST >> 20} MiB", where=str(top))
            content = path.read_bytes()
        except OSError as error:
            raise BadInput(f"{shown(relative)} cannot be read ({error.strerror})", where=str(top)) from error
        mode = EXECUTABLE if status.st_mode & stat.S_IXUSR else FILE
        files.append(Laid(path=relative, mode=mode, content=content))
    if not files:
        raise BadInput("there is no file in it", where=str(top))
    return tuple(files)


def _walk(top: Path) -> Iterator[Path]:
    """Every file below, sorted; what versions, caches and compilers leave is passed over."""

    def refuse(error: OSError) -> None:
        raise BadInput(f"it cannot be read ({error.strerror})", where=error.filename or str(top)) from error

    for above, directories, names in os.walk(top, onerror=refuse):
        directories[:] = sorted(name for name in directories if name not in _SKIPPED)
        for name in directories:
            if Path(above, name).is_symlink():
                raise BadInput(
                    f"{name} is a link to a directory", where=above, fix="put the directory itself there"
                )
        yield from (
            Path(above, name) for name in sorted(names) if not name.endswith(_COMPILED) and name != ".git"
        )


def _records(data: bytes, where: str) -> tuple[Given, ...]:
    entries = list(_entries(data.removeprefix(b"\xef\xbb\xbf"), where))
    found = [_record(entry, f"{where}:{number}") for number, entry in entries]
    if not found:
        raise BadInput("there is no instance in it", where=where)
    names = [given.instance for given in found]
    for name in names:
        if len(found) > 1 and not name:
            raise BadInput("with several instances each needs an instance_id", where=where)
        if names.count(name) > 1:
            raise BadInput(f"the instance {name!r} is in it twice", where=where)
    return tuple(found)


def _entries(data: bytes, where: str) -> Iterator[tuple[int, Any]]:
    """The records with their numbers: a document that is one, holds several, or has one on each line."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        for number, line in enumerate(data.split(b"\n"), start=1):
            if line.strip():
                yield number, _decode(line, f"{where}:{number}")
        return
    yield from enumerate(document if isinstance(document, list) else [document], start=1)


def _record(entry: Any, where: str) -> Given:
    if not isinstance(entry, dict):
        raise BadInput("an instance is a JSON object", where=where)
    instance = entry.get("instance_id") or ""
    if not isinstance(instance, str | int) or _CONTROL.search(str(instance)):
        raise BadInput("instance_id must be a string", where=where)
    patch = entry.get("test_patch") or ""
    if not isinstance(patch, str):
        raise BadInput("test_patch must be a string", where=where)
    required = read_lists(entry, where)
    if not patch.strip() and not required.ids:
        raise BadInput("an instance needs a test_patch, or lists FAIL_TO_PASS and PASS_TO_PASS", where=where)
    data = patch.encode("utf-8", "surrogatepass") if patch.strip() else None
    return Given(source=where, instance=str(instance), patch=data, required=required)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except FileNotFoundError as error:
        raise BadInput("there is no such file or directory", where=str(path)) from error
    except OSError as error:
        raise BadInput(f"it cannot be read ({error.strerror})", where=str(path)) from error
    if len(data) > _LARGEST:
        raise BadInput(f"it is larger than {_LARGEST >> 20} MiB", where=str(path))
    return data


def _decode(data: bytes, where: str) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"this is not JSON ({error})", where=where) from error
