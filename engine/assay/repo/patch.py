"""A patch as data: `parse` turns the bytes of a diff, as found in the wild, into records.

Promises: pure; reads git diffs and plain `diff -u` output, with prose around them. Nothing that looks like
part of a diff is passed over in silence: a hunk whose line counts lie, a hunk without a file, a change
without its content are errors that name the line.
"""

from __future__ import annotations

from enum import StrEnum

from assay.model.candidate import Record
from assay.model.expressions import expression
from assay.repo.binary import BinaryHunk, read_hunk
from assay.repo.hunks import Hunk, split_lines
from assay.repo.patch_names import Names, file_line, header_line, moved_line, resolve, vote
from assay.repo.problems import malformed

_HUNK = expression(rb"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@")
_INDEX = expression(rb"index ([0-9a-f]{4,64})\.\.([0-9a-f]{4,64})(?: (\d+))?$")


class Kind(StrEnum):
    """What a file's patch does to its path."""

    MODIFY = "modify"
    CREATE = "create"
    DELETE = "delete"
    RENAME = "rename"
    COPY = "copy"


class FilePatch(Record, frozen=True, kw_only=True):
    """One file's part of a patch. Modes are 0 and blobs empty where the patch does not say.

    `git` is False for plain diffs, whose creations and deletions are only as certain as their headers.
    `crlf`: the header lines themselves end in CR LF, so the patch was converted on its way.
    """

    kind: Kind
    old: str
    new: str
    old_mode: int = 0
    new_mode: int = 0
    old_blob: str = ""
    new_blob: str = ""
    hunks: tuple[Hunk, ...] = ()
    binary: BinaryHunk | None = None
    content_missing: bool = False
    git: bool = True
    crlf: bool = False
    line: int = 0


def parse(data: bytes) -> tuple[FilePatch, ...]:
    """Every file's patch in `data`, in order; none if there is no diff in it. Raises PatchError."""
    return _Parser(data).run()


class _Draft:
    """What has been read of one file's patch so far."""

    def __init__(self, line: int, *, git: bool) -> None:
        self.line = line
        self.git = git
        self.words: dict[str, bytes] = {}
        self.header: tuple[bytes, bytes] | None = None
        self.old: bytes | None = None
        self.new: bytes | None = None
        self.hunks: list[Hunk] = []
        self.binary: BinaryHunk | None = None
        self.stub = False
        self.crlf = False

    def names(self) -> Names:
        moved = "rename" if "rename from" in self.words else "copy"
        return Names(
            header=self.header,
            old=self.old,
            new=self.new,
            moved_from=self._moved(f"{moved} from"),
            moved_to=self._moved(f"{moved} to"),
        )

    def _moved(self, word: str) -> bytes | None:
        return moved_line(self.words[word], self.line) if word in self.words else None

    def says_nothing(self) -> bool:
        """A bare `diff --git` line, which git writes for files that were only touched."""
        return not (self.words or self.hunks or self.binary or self.stub or self.old or self.new)


_WORDS = (
    "old mode",
    "new mode",
    "deleted file mode",
    "new file mode",
    "rename from",
    "rename to",
    "copy from",
    "copy to",
    "similarity index",
    "dissimilarity index",
    "index",
)


class _Parser:
    def __init__(self, data: bytes) -> None:
        self.lines = split_lines(data)
        self.at = 0

    def run(self) -> tuple[FilePatch, ...]:
        drafts: list[_Draft] = []
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if line.startswith(b"diff --git "):
                drafts.append(self._git_file())
            elif self._starts_plain(self.at):
                drafts.append(self._plain_file())
            elif line.startswith((b"diff --cc ", b"diff --combined ")):
                raise malformed("a combined diff of a merge cannot be applied", line=self.at + 1)
            elif _HUNK.match(line):
                raise malformed("a hunk without a file header before it", line=self.at + 1)
            else:
                self.at += 1
        drafts = [draft for draft in drafts if not draft.says_nothing()]
        votes = {depth for draft in drafts if (depth := vote(draft.names())) is not None}
        return tuple(_finish(draft, votes) for draft in drafts)

    def _starts_plain(self, at: int) -> bool:
        return (
            at + 1 < len(self.lines)
            and self.lines[at].startswith(b"--- ")
            and self.lines[at + 1].startswith(b"+++ ")
        )

    def _git_file(self) -> _Draft:
        draft = _Draft(self.at + 1, git=True)
        line = self.lines[self.at]
        draft.crlf = line.endswith(b"\r\n")
        draft.header = header_line(_chomp(line)[len(b"diff --git ") :], self.at + 1)
        self.at += 1
        while self.at < len(self.lines) and self._extended(draft):
            self.at += 1
        if self._starts_plain(self.at):
            self._file_lines(draft)
        self._hunks(draft)
        return draft

    def _extended(self, draft: _Draft) -> bool:
        """Read one extended header line; False when the current line is none."""
        line = _chomp(self.lines[self.at])
        for word in _WORDS:
            if line.startswith(word.encode() + b" "):
                draft.words[word] = line[len(word) + 1 :]
                return True
        if line == b"GIT binary patch":
            self._binary(draft)
            return False
        if line.startswith((b"Binary files ", b"Files ")) and line.endswith(b" differ"):
            draft.stub = True
            self.at += 1
        return False

    def _plain_file(self) -> _Draft:
        draft = _Draft(self.at + 1, git=False)
        self._file_lines(draft)
        self._hunks(draft)
        if not draft.hunks:
            raise malformed("a file header without a hunk after it", line=draft.line)
        return draft

    def _file_lines(self, draft: _Draft) -> None:
        draft.crlf = draft.crlf or self.lines[self.at].endswith(b"\r\n")
        draft.old = file_line(_chomp(self.lines[self.at])[4:], self.at + 1)
        draft.new = file_line(_chomp(self.lines[self.at + 1])[4:], self.at + 2)
        self.at += 2

    def _binary(self, draft: _Draft) -> None:
        start = self.at + 1
        try:
            draft.binary, self.at = read_hunk(self.lines, start)
            if self.at < len(self.lines) and self.lines[self.at].startswith((b"literal ", b"delta ")):
                # The reverse half; read only so that damage in it does not go unnoticed.
                self.at = read_hunk(self.lines, self.at)[1]
        except ValueError as error:
            raise malformed(str(error), line=start + 1) from error

    def _hunks(self, draft: _Draft) -> None:
        while self.at < len(self.lines) and self.lines[self.at].startswith(b"@@ -"):
            draft.hunks.append(self._hunk(len(draft.hunks) + 1))
        if not draft.hunks or self.at >= len(self.lines):
            return
        rest = self.lines[self.at]
        if rest.startswith((b"+", b"-", b" ")) and not self._ends_diff(rest):
            raise self._lies(draft.hunks[-1].line, len(draft.hunks), "more")

    def _ends_diff(self, line: bytes) -> bool:
        """Whether a line that could belong to a hunk is a mail's signature or the next file's header."""
        return _chomp(line) in (b"--", b"-- ", b"---") or not line.strip() or self._starts_plain(self.at)

    def _hunk(self, number: int) -> Hunk:
        header = self.at + 1
        found = _HUNK.match(self.lines[self.at])
        if found is None:
            raise malformed("a hunk header that cannot be read", hunk=number, line=header)
        old_start, old_left, new_start, new_left = (int(g) if g else 1 for g in found.groups())
        self.at += 1
        old: list[bytes] = []
        new: list[bytes] = []
        leading = trailing = 0
        changed = False
        while old_left > 0 or new_left > 0:
            line = self.lines[self.at] if self.at < len(self.lines) else b"@"
            # Mailers and editors strip the space of an empty context line.
            sign, text = (b" ", line) if line in (b"\n", b"\r\n") else (line[:1], line[1:])
            if sign not in (b" ", b"+", b"-"):
                raise self._lies(header, number, "fewer")
            self.at += 1
            text = self._without_end(text)
            if sign == b" ":
                leading, trailing = leading + (not changed), trailing + 1
            else:
                changed, trailing = True, 0
            if sign != b"+":
                old.append(text)
                old_left -= 1
            if sign != b"-":
                new.append(text)
                new_left -= 1
        if old_left < 0 or new_left < 0:
            raise self._lies(header, number, "more")
        return Hunk(
            old_start=old_start,
            new_start=new_start,
            old=tuple(old),
            new=tuple(new),
            leading=leading,
            trailing=trailing,
            line=header,
        )

    def _without_end(self, text: bytes) -> bytes:
        """`text` with the line end it really has, which a `\\ No newline` line after it takes away."""
        if self.at < len(self.lines) and self.lines[self.at].startswith(b"\\ "):
            self.at += 1
            return text.removesuffix(b"\n")
        # A patch cut off at its own last line end (JSON, clipboards) still means a whole line.
        return text if text.endswith(b"\n") else text + b"\n"

    def _lies(self, header: int, number: int, word: str) -> Exception:
        text = _chomp(self.lines[header - 1]).decode("utf-8", "replace")[:60]
        return malformed(
            f"hunk {number} has {word} lines than its header says ({text!r})", hunk=number, line=header
        )


def _chomp(line: bytes) -> bytes:
    return line.removesuffix(b"\n").removesuffix(b"\r")


def _finish(draft: _Draft, votes: set[int]) -> FilePatch:
    old, new = resolve(draft.names(), votes, draft.line)
    kind = _kind(draft, old, new)
    index = _INDEX.match(b"index " + draft.words.get("index", b""))
    old_blob, new_blob = (index.group(1).decode(), index.group(2).decode()) if index else ("", "")
    unchanged = index.group(3) if index and index.group(3) else None
    path = new if new is not None else old
    assert path is not None
    old_mode = draft.words.get("old mode", draft.words.get("deleted file mode", unchanged))
    new_mode = draft.words.get("new mode", draft.words.get("new file mode", unchanged))
    empty = not (draft.hunks or draft.binary or draft.stub)
    if empty and kind is Kind.MODIFY and old_blob != new_blob:
        raise malformed("the change of this file has no content", path=path, line=draft.line)
    return FilePatch(
        kind=kind,
        old=old if old is not None else path,
        new=path,
        old_mode=_mode(old_mode, draft.line),
        new_mode=_mode(new_mode, draft.line),
        old_blob=old_blob,
        new_blob=new_blob,
        hunks=tuple(draft.hunks),
        binary=draft.binary,
        content_missing=draft.stub or (empty and _lost_content(kind, old_blob, new_blob)),
        git=draft.git,
        crlf=draft.crlf,
        line=draft.line,
    )


def _kind(draft: _Draft, old: str | None, new: str | None) -> Kind:
    words = draft.words
    if "rename from" in words and "rename to" in words:
        return Kind.RENAME
    if "copy from" in words and "copy to" in words:
        return Kind.COPY
    has_lines = draft.old is not None or draft.new is not None
    if "new file mode" in words or old is None or (has_lines and draft.old is None):
        return Kind.CREATE
    if "deleted file mode" in words or new is None or (has_lines and draft.new is None):
        return Kind.DELETE
    return Kind.MODIFY


_EMPTY_BLOB = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"


def _lost_content(kind: Kind, old_blob: str, new_blob: str) -> bool:
    """Whether a patch without hunks should have had some, going by its index line."""
    side = {Kind.CREATE: new_blob, Kind.DELETE: old_blob}.get(kind)
    if side is None:
        return old_blob != new_blob
    return bool(side) and not _EMPTY_BLOB.startswith(side)


def _mode(text: bytes | None, line: int) -> int:
    """Git's canonical form of an octal mode; 0 for none."""
    if text is None:
        return 0
    try:
        mode = int(text.strip(), 8)
    except ValueError:
        mode = -1
    if mode & 0o170000 == 0o100000:
        return 0o100755 if mode & 0o100 else 0o100644
    if mode in (0o120000, 0o160000):
        return mode
    raise malformed(f"{text.decode('ascii', 'replace')!r} is no mode of a file", line=line)
