"""Patches as mail: `git format-patch` output and mailboxes of it.

Promises: pure. The bytes of a diff come out as they were before the mail's transfer encoding; whatever a
header says is only ever used as a name, a date or a message.
"""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from assay.model.candidate import Record, Signature
from assay.model.expressions import expression

if TYPE_CHECKING:
    from email.message import Message

_FROM = expression(rb"From \S{1,200}[ ].{0,80}\d\d:\d\d:\d\d.{0,40}\d{4}\s*$")
_HEADER = expression(rb"(From|Subject|Date|Message-I[dD]|To): ")
# Headers are only names and titles here, and the mail library takes its time over endless ones.
_LONGEST_HEADER = 2000
_DIFF_STARTS = (b"diff -", b"Index: ", b"--- ")
_TAG = expression(r"^\s*(?:\[[^\]]*\]\s*|re:\s*)+", re.IGNORECASE)


class Mail(Record, frozen=True, kw_only=True):
    """One mail: what `git am` would take as author and message, and everything from the diff on."""

    message: str
    author: Signature | None
    patch: bytes


def is_mailbox(data: bytes) -> bool:
    """Whether `data` starts as a mailbox or a single mail does."""
    start = data.lstrip(b"\r\n")[:2000].split(b"\n")
    if _FROM.match(start[0].rstrip()):
        return True
    heads = [line for line in start[:8] if _HEADER.match(line)]
    return bool(_HEADER.match(start[0])) and len({line.split(b":")[0] for line in heads}) >= 2


def split_mailbox(data: bytes) -> tuple[Mail, ...]:
    """The mails of a mailbox, in order."""
    return tuple(_read(part) for part in _parts(data.lstrip(b"\r\n")))


def mailbox(patches: Iterator[bytes] | list[bytes]) -> bytes:
    """A mailbox that holds these patches as a series, each to be applied on the one before it."""
    line = b"From %s Mon Sep 17 00:00:00 2001\n\n---\n" % (b"0" * 40)
    return b"".join(line + patch + (b"" if patch.endswith(b"\n") else b"\n") for patch in patches)


def _parts(data: bytes) -> Iterator[bytes]:
    """Each mail without its `From ` line."""
    current: list[bytes] = []
    started = False
    for line in data.splitlines(keepends=True) if b"\r" not in data else _lines(data):
        if _FROM.match(line):
            if started and current:
                yield b"".join(current)
            current, started = [], True
        else:
            started = True
            current.append(line)
    if current:
        yield b"".join(current)


def _lines(data: bytes) -> list[bytes]:
    return re.findall(rb"[^\n]*\n|[^\n]+$", data)


def _read(raw: bytes) -> Mail:
    headers, body = _cut(raw)
    message = email.message_from_bytes(headers)
    content = _body(message, headers, body)
    words, patch = _split_body(content)
    subject = _TAG.sub("", _decoded(message.get("Subject"))).strip()
    charset = message.get_content_charset() or "utf-8"
    text = _text(words, charset).strip()
    # Mail bodies may open with the author's own header, when somebody else sent them.
    author = _author(_in_body_from(text) or _decoded(message.get("From")), message.get("Date"))
    text = re.sub(r"\A(?:From|Date|Subject): .*\n+", "", text)
    return Mail(message="\n\n".join(part for part in (subject, text) if part), author=author, patch=patch)


def _cut(raw: bytes) -> tuple[bytes, bytes]:
    """Headers and body; a mail that starts with an empty line has no headers."""
    found = re.search(rb"\A\r?\n|\r?\n\r?\n", raw)
    if found is None or not re.match(rb"[!-9;-~]+:|\r?\n", raw):
        return b"", raw
    return raw[: found.start()] + b"\n\n", raw[found.end() :]


def _body(message: Message, headers: bytes, body: bytes) -> bytes:
    if message.is_multipart() or message.get_content_maintype() == "multipart":
        whole = email.message_from_bytes(headers + body)
        parts = [p.get_payload(decode=True) for p in whole.walk() if p.get_content_maintype() == "text"]
        return b"\n".join(part for part in parts if isinstance(part, bytes))
    encoding = str(message.get("Content-Transfer-Encoding", "")).strip().lower()
    if encoding not in ("base64", "quoted-printable"):
        # Taken as it is: the mail library's own way through text does not keep every byte.
        return body
    decoded = email.message_from_bytes(headers + body).get_payload(decode=True)
    return decoded if isinstance(decoded, bytes) else body


def _split_body(body: bytes) -> tuple[bytes, bytes]:
    """Message and patch: the patch starts at a line `---` or at the first line that starts a diff."""
    at = 0
    for line in _lines(body):
        bare = line.rstrip(b"\r\n")
        if bare == b"---" or line.startswith(_DIFF_STARTS):
            return body[:at], body[at:]
        at += len(line)
    return body, b""


def _decoded(header: object) -> str:
    if header is None:
        return ""
    given = str(header)[:_LONGEST_HEADER]
    from email.header import decode_header, make_header

    try:
        text = str(make_header(decode_header(given)))
    except (LookupError, ValueError, UnicodeError):
        text = given
    return " ".join(text.encode("utf-8", "replace").decode().split())


def _text(data: bytes, charset: str) -> str:
    try:
        return data.decode(charset, "replace").replace("\r\n", "\n")
    except LookupError:
        return data.decode("utf-8", "replace").replace("\r\n", "\n")


def _in_body_from(text: str) -> str:
    found = re.match(r"From: (.+)\n", text)
    return found.group(1) if found else ""


def _author(sender: str, date: object) -> Signature | None:
    from email.utils import mktime_tz, parseaddr, parsedate_tz

    name, address = parseaddr(sender[:_LONGEST_HEADER])
    if not name and not address:
        return None
    parsed = parsedate_tz(str(date)[:100]) if date is not None else None
    try:
        time = int(mktime_tz(parsed)) if parsed else 0
    except (ValueError, OverflowError):
        time = 0
    offset = (parsed[9] or 0) // 60 if parsed else 0
    return Signature(name=name or address, email=address, time=max(time, 0), offset=offset)
