"""The content of a file, or of standard input, as proposals: told from the bytes what it is.

Promises: mailboxes give one proposal per mail with a diff in it, or one for the whole series with `squash`;
predictions one per entry; anything else is one diff, whatever is wrong with it being its candidate's problem.
"""

from __future__ import annotations

from assay.model.candidate import Proposal
from assay.model.errors import BadInput
from assay.model.expressions import expression
from assay.repo.mail import Mail, is_mailbox, split_mailbox
from assay.repo.sources.predictions import from_array, from_lines

DIFF_SUFFIXES = (".patch", ".diff", ".mbox", ".eml")
# A bracket alone may be the `[PATCH]` of a subject.
_JSON = expression(rb"\s*(?:\{\s*[\"}]|\[\s*[\[{\]])")
JSON_SUFFIXES = (".jsonl", ".json", ".ndjson")


def from_bytes(data: bytes, name: str, source: str, *, squash: bool) -> list[Proposal]:
    """The proposals in `data`. `name` is the file's own name, `source` how the user called it."""
    data = data.removeprefix(b"\xef\xbb\xbf")
    suffix = name[name.rfind(".") :].lower() if "." in name else ""
    if suffix in JSON_SUFFIXES or (suffix not in DIFF_SUFFIXES and _JSON.match(data)):
        if squash:
            raise BadInput("predictions are independent attempts, not a series to squash", where=source)
        return (
            from_array(data, source)
            if data.lstrip()[:1] == b"[" or suffix == ".json"
            else from_lines(data, source)
        )
    if is_mailbox(data):
        return _from_mailbox(data, name, source, squash=squash)
    return [Proposal(name=name, source=source, patch=data)]


def _from_mailbox(data: bytes, name: str, source: str, *, squash: bool) -> list[Proposal]:
    # A cover letter has no diff and is nobody's candidate, unless there is nothing else.
    mails = split_mailbox(data)
    mails = tuple(mail for mail in mails if _has_diff(mail)) or mails[:1]
    if not mails:
        return [Proposal(name=name, source=source, patch=b"")]
    if len(mails) == 1:
        return [_from_mail(mails[0], name, source)]
    if squash:
        message = "\n\n".join(mail.message for mail in mails)
        return [Proposal(name=name, source=source, patch=data, author=mails[0].author, message=message)]
    return [
        _from_mail(mail, f"{name}:{number}", f"{source}:{number}")
        for number, mail in enumerate(mails, start=1)
    ]


def _from_mail(mail: Mail, name: str, source: str) -> Proposal:
    return Proposal(name=name, source=source, patch=mail.patch, author=mail.author, message=mail.message)


def _has_diff(mail: Mail) -> bool:
    return any(line.startswith((b"diff ", b"--- ", b"Index: ", b"@@ ")) for line in mail.patch.split(b"\n"))
