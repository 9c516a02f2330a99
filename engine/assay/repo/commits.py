"""Commit objects.

Promises: written as they are given, without the user's identity, signing, encoding settings or hooks; equal
arguments give the equal commit.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import pygit2

from assay.model.candidate import Oid, Signature
from assay.repo.repository import Repository

# What git itself strips from names and addresses, since it delimits them in a commit.
_DELIMITERS = re.compile(r"[<>\n\0]")


def commit(
    repo: Repository, tree: str, parents: Sequence[str], message: str, author: Signature, committer: Signature
) -> Oid:
    """Write a commit and name it. Nothing refers to it yet."""
    lines = [
        f"tree {tree}",
        *(f"parent {parent}" for parent in parents),
        f"author {_person(author)}",
        f"committer {_person(committer)}",
        "",
        message.replace("\0", "").strip("\n") + "\n",
    ]
    return repo.write_commit("\n".join(lines).encode("utf-8", "replace"))


def _person(who: Signature) -> str:
    name = _DELIMITERS.sub("", who.name).strip(" .,:;\"'") or "unknown"
    email = _DELIMITERS.sub("", who.email).strip() or "unknown"
    sign = "-" if who.offset < 0 else "+"
    hours, minutes = divmod(abs(who.offset), 60)
    return f"{name} <{email}> {max(who.time, 0)} {sign}{hours:02d}{minutes:02d}"


def signature(raw: pygit2.Signature) -> Signature:
    """A `pygit2.Signature` as our record; bytes that are no UTF-8 show as U+FFFD."""
    return Signature(
        name=bytes(raw.raw_name).decode("utf-8", "replace"),
        email=bytes(raw.raw_email).decode("utf-8", "replace"),
        time=int(raw.time),
        offset=int(raw.offset),
    )
