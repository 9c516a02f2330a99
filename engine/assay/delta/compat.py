"""What a change of one definition means to callers that worked before: compatible, breaking, or unknown.

Promises: pure; every judgement comes with its reason. `breaking` is said only of what syntax proves of some
caller (a call that no longer binds, a name that is gone, a result of another shape); `unknown` means that
calls still bind and only their results can tell.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping

from assay.delta.breaks import base_names, is_interface, is_record, signature_breaks
from assay.delta.exports import Exports
from assay.delta.meetings import Definitions, Meeting
from assay.delta.outline import MODULE, Definition, What
from assay.delta.parse import Outlines
from assay.delta.public import in_tests, is_private, is_public
from assay.model.candidate import Record
from assay.model.delta import Aspect, Compatibility, SymbolChange
from assay.model.delta import SymbolChangeKind as Kind
from assay.model.expressions import expression

_ALIAS = expression(r"Name\('(\w+)', Load\(\)\)")
_MACHINERY = expression(r"[^=]*= ?(?:\w+\.)*(?:TypeVar|ParamSpec|TypeVarTuple|getLogger|get_logger)\(")
"""Constants that a module needs for itself, whatever they are called."""
_EMPTY_BASES = frozenset({"object", "ABC", "Generic", "Protocol"})


class Around:
    """What surrounds a change: the outlines of all changed files, by the path they have now, and what
    packages re-export."""

    def __init__(self, files: Mapping[str, Outlines], exports: Exports) -> None:
        self.exports = exports
        self._files = files
        self._symbols: dict[str, dict[str, Definitions]] = {}

    def imported(self, path: str) -> Container[str]:
        """The names that a file now imports."""
        return self._files[path].new.imported if path in self._files else ()

    def symbols(self, path: str) -> Mapping[str, Definitions]:
        """What a file now defines."""
        if path not in self._symbols:
            self._symbols[path] = self._files[path].new.by_symbol() if path in self._files else {}
        return self._symbols[path]

    def __contains__(self, path: str) -> bool:
        return path in self._files


class Judgement(Record, frozen=True, kw_only=True):
    """The compatibility (None for what is not public), and why, in phrases that follow the symbol's name."""

    public: bool
    public_as: tuple[str, ...] = ()
    compatibility: Compatibility | None = None
    phrases: tuple[str, ...] = ()

    def sentences(self, change: SymbolChange) -> tuple[str, ...]:
        """A sentence for each way in which callers break, or may, where a name is gone."""
        certain = self.compatibility is Compatibility.BREAKING
        gone = change.kind is Kind.REMOVED and self.compatibility is Compatibility.UNKNOWN
        if not (certain or gone):
            return ()
        name, path = change.old_symbol or change.symbol, change.old_path or change.path
        return tuple(f"`{name}` in {path} {phrase}" for phrase in self.phrases)


def judge(change: SymbolChange, met: Meeting, around: Around) -> Judgement:
    """The judgement on `change`, which is what `met` came to."""
    names = _exported(met, around.exports)
    public = _is_public(met, bool(names))
    if not public:
        return Judgement(public=False)
    if change.kind is Kind.REMOVED:
        compatibility, why = _gone(met, around)
        return Judgement(public=True, public_as=names, compatibility=compatibility, phrases=(why,))
    broken = tuple(_breaking(change, met, around))
    if broken:
        return Judgement(
            public=True, public_as=names, compatibility=Compatibility.BREAKING, phrases=tuple(broken)
        )
    doubts = tuple(_doubts(change, met))
    return Judgement(
        public=True,
        public_as=names,
        compatibility=Compatibility.UNKNOWN if doubts else Compatibility.COMPATIBLE,
        phrases=doubts or (_harmless(change, met, around),),
    )


def _exported(met: Meeting, exports: Exports) -> tuple[str, ...]:
    new = exports.new.get((met.path, met.symbol.split(".")[0]), ())
    old = exports.old.get((met.old_path, met.old_symbol.split(".")[0]), ())
    rest = met.symbol.split(".")[1:]
    return tuple(".".join([name, *rest]) for name in dict.fromkeys((*new, *old)))


def _is_public(met: Meeting, exported: bool) -> bool:
    places = {(met.path, met.symbol), (met.old_path, met.old_symbol)}
    if _MACHINERY.match((met.after or met.before)[-1].signature) and met.last.what is What.CONSTANT:
        return False
    for path, symbol in places:
        if symbol == MODULE or in_tests(path) or not is_interface(path):
            continue
        if is_public(path, symbol) or (exported and not is_private(".".join(symbol.split(".")[1:]))):
            return True
    return False


def _breaking(change: SymbolChange, met: Meeting, around: Around) -> Iterator[str]:
    match change.kind:
        case Kind.ADDED:
            yield from _demands(met, around)
            return
        case Kind.RENAMED | Kind.MOVED if not _was_private(met, around) and not _still_there(met, around):
            yield f"is now {_place(met)}"
    if met.carried and not met.same_place:
        return
    alias = _alias(met, around)
    if alias is not None:
        yield from signature_breaks(met.before, alias)
    else:
        yield from signature_breaks(met.before, met.after)
    yield from (detail.words for detail in change.details if detail.aspect is Aspect.SHAPE)


def _was_private(met: Meeting, around: Around) -> bool:
    """Whether nobody could import it where it was."""
    exported = (met.old_path, met.old_symbol.split(".")[0]) in around.exports.old
    return not (exported or is_public(met.old_path, met.old_symbol))


def _place(met: Meeting) -> str:
    return f"`{met.symbol}`" if met.path == met.old_path else f"`{met.symbol}` in {met.path}"


def _gone(met: Meeting, around: Around) -> tuple[Compatibility, str]:
    """What it means that a name is gone, and why."""
    owner, _, name = met.symbol.rpartition(".")
    symbols, imported = around.symbols(met.path), around.imported(met.path)
    if name in imported and not owner:
        return Compatibility.COMPATIBLE, "comes from elsewhere now, under the same name"
    if "*" in imported or "__getattr__" in symbols:
        words = "is no longer defined there; a star import or `__getattr__` may still provide it"
        return Compatibility.UNKNOWN, words
    if owner and (base := _heir(symbols, owner, name)):
        if f"{base}.{name}" in symbols:
            return Compatibility.COMPATIBLE, f"is inherited from `{base}` now"
        return Compatibility.UNKNOWN, f"is no longer defined there; `{base}` may still provide it"
    if owner and (hasattr(object, name) or name == "__del__"):
        return Compatibility.UNKNOWN, "is no longer defined there; what every class does is done instead"
    return Compatibility.BREAKING, "is removed"


def _heir(symbols: Mapping[str, Definitions], owner: str, name: str) -> str:
    """The base that provides a member which its class no longer has: one that does, or one that is not in the
    file and may. Empty if none can."""
    todo, seen = [owner], {owner}
    while todo:
        bases = [base for each in symbols.get(todo.pop(), ()) for base in base_names(each)]
        for base in bases:
            if base in seen or base in _EMPTY_BASES:
                continue
            if f"{base}.{name}" in symbols or base not in symbols:
                return base
            seen.add(base)
            todo.append(base)
    return ""


def _still_there(met: Meeting, around: Around) -> bool:
    """Whether what moved can be reached as before: imported back, kept as an attribute, or inherited."""
    symbols = around.symbols(met.old_path)
    owner, _, name = met.old_symbol.rpartition(".")
    if not owner:
        return name in around.imported(met.old_path) or name in symbols
    bases = {base for each in symbols.get(owner, ()) for base in base_names(each)}
    return met.symbol.rpartition(".")[0].rpartition(".")[2] in bases and met.symbol.endswith(f".{name}")


def _alias(met: Meeting, around: Around) -> tuple[Definition, ...] | None:
    """What a name stands for now, if it became another name of a definition in the same file."""
    if not (met.before and met.after) or met.after[-1].what not in (What.CONSTANT, What.ATTRIBUTE):
        return None
    found = _ALIAS.fullmatch(met.after[-1].body)
    if found is None or met.before[-1].what in (What.CONSTANT, What.ATTRIBUTE):
        return None
    return around.symbols(met.path).get(found[1])


def _demands(met: Meeting, around: Around) -> Iterator[str]:
    """What a new member of a class that was there asks of those who derive from it or make it."""
    owner, _, name = met.symbol.rpartition(".")
    new = met.after[-1]
    if not owner or met.path not in around:
        return
    if any(text.rpartition(".")[2] == "abstractmethod" for text in new.binding):
        yield "is new and abstract: classes that derive from its class must define it"
    whole = around.symbols(met.path).get(owner, ())
    is_field = new.what is What.ATTRIBUTE and not new.body and "ClassVar" not in new.typed
    if is_field and any(map(is_record, whole)) and not is_private(name):
        yield "is a new field that must be given"


def _doubts(change: SymbolChange, met: Meeting) -> Iterator[str]:
    raised = [d for d in change.details if d.aspect in (Aspect.RAISES, Aspect.WARNS) and d.after]
    caught = [d for d in change.details if d.aspect is Aspect.HANDLER]
    defaults = [d for d in change.details if d.aspect is Aspect.DEFAULT and d.before and d.after]
    for detail in (*raised, *defaults, *caught):
        yield detail.words
    if raised or defaults or caught:
        return
    if Kind.DECORATORS in change.aspects:
        yield "is decorated differently"
    if Kind.BASES in change.aspects:
        yield "has other bases or class arguments"
    if Kind.BODY in change.aspects:
        value = met.last.what in (What.CONSTANT, What.ATTRIBUTE)
        yield "has another value" if value else "calls bind as before; what they do differs"


_HARMLESS = {
    Kind.ADDED: "is new",
    Kind.DOCS: "only its documentation differs",
    Kind.ANNOTATIONS: "only its annotations differ",
}


def _harmless(change: SymbolChange, met: Meeting, around: Around) -> str:
    if change.kind in (Kind.RENAMED, Kind.MOVED):
        if _was_private(met, around):
            return "was nobody else's before"
        return "can be reached as before" if _still_there(met, around) else "is the same elsewhere"
    if _alias(met, around) is not None:
        return "is another name for the same now"
    return _HARMLESS.get(change.kind, "takes all that it took before")
