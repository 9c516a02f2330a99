"""What a change of one definition means to callers that worked before: compatible, breaking, or unknown.

Promises: pure; every judgement comes with its reason. `breaking` is said only of what syntax proves of some
caller (a call that no longer binds, a name that is gone, a result of another shape); `unknown` means that
calls still bind and only their results can tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from assay.delta.breaks import is_interface, signature_breaks
from assay.delta.exports import Exports
from assay.delta.meetings import Meeting
from assay.delta.outline import MODULE, Definition, What
from assay.delta.parse import Outlines
from assay.delta.public import in_tests, is_private, is_public
from assay.model.candidate import Record
from assay.model.delta import Aspect, Compatibility, SymbolChange
from assay.model.delta import SymbolChangeKind as Kind

_ALIAS = re.compile(r"Name\('(\w+)', Load\(\)\)")
_RECORDS = frozenset({"NamedTuple", "Struct", "BaseModel"})


class Around(Record, frozen=True, kw_only=True):
    """What surrounds a change: the outlines of all changed files, and what packages re-export."""

    files: Mapping[str, Outlines]
    exports: Exports


class Judgement(Record, frozen=True, kw_only=True):
    """The compatibility (None for what is not public), and why, in phrases that follow the symbol's name."""

    public: bool
    public_as: tuple[str, ...] = ()
    compatibility: Compatibility | None = None
    phrases: tuple[str, ...] = ()

    def sentences(self, change: SymbolChange) -> tuple[str, ...]:
        """A sentence for each way in which callers break."""
        if self.compatibility is not Compatibility.BREAKING:
            return ()
        name, path = change.old_symbol or change.symbol, change.old_path or change.path
        return tuple(f"`{name}` in {path} {phrase}" for phrase in self.phrases)


def judge(change: SymbolChange, met: Meeting, around: Around) -> Judgement:
    """The judgement on `change`, which is what `met` came to."""
    names = _exported(met, around.exports)
    public = _is_public(met, bool(names))
    if not public:
        return Judgement(public=False)
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
        case Kind.REMOVED:
            yield from _gone(met, around)
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


def _gone(met: Meeting, around: Around) -> Iterator[str]:
    new = around.files[met.path].new if met.path in around.files else None
    top = met.symbol.split(".")[0]
    if new is None or (top in new.imported and "." not in met.symbol):
        return  # it comes from elsewhere now, under the same name
    if "*" in new.imported or any(definition.symbol == "__getattr__" for definition in new.definitions):
        yield "is no longer defined there; a star import or `__getattr__` may still provide it"
    else:
        yield "is removed"


def _still_there(met: Meeting, around: Around) -> bool:
    """Whether what moved can be reached as before: imported back, kept as an attribute, or inherited."""
    file = around.files.get(met.old_path)
    if file is None:
        return False
    new = file.new
    if "." not in met.old_symbol:
        return met.old_symbol in new.imported or any(d.symbol == met.old_symbol for d in new.definitions)
    owner, name = met.old_symbol.rsplit(".", 1)
    bases = {base for d in new.definitions if d.symbol == owner for base in _base_names(d)}
    return met.symbol.rpartition(".")[0].rpartition(".")[2] in bases and met.symbol.endswith(f".{name}")


def _base_names(definition: Definition) -> Iterator[str]:
    for text in definition.bases:
        yield text.split("[")[0].rpartition(".")[2]


def _alias(met: Meeting, around: Around) -> tuple[Definition, ...] | None:
    """What a name stands for now, if it became another name of a definition in the same file."""
    if not (met.before and met.after) or met.after[-1].what not in (What.CONSTANT, What.ATTRIBUTE):
        return None
    found = _ALIAS.fullmatch(met.after[-1].body)
    if found is None or met.before[-1].what in (What.CONSTANT, What.ATTRIBUTE):
        return None
    return around.files[met.path].new.by_symbol().get(found[1])


def _demands(met: Meeting, around: Around) -> Iterator[str]:
    """What a new member of a class that was there asks of those who derive from it or make it."""
    owner, _, name = met.symbol.rpartition(".")
    new = met.after[-1]
    if not owner or met.path not in around.files:
        return
    if any(text.rpartition(".")[2] == "abstractmethod" for text in new.binding):
        yield "is new and abstract: classes that derive from its class must define it"
    whole = around.files[met.path].new.by_symbol().get(owner, ())
    is_field = new.what is What.ATTRIBUTE and not new.body and "ClassVar" not in new.typed
    if is_field and any(map(_is_record, whole)) and not is_private(name):
        yield "is a new field that must be given"


def _is_record(definition: Definition) -> bool:
    made = {text.split("(")[0].rpartition(".")[2] for text in (*definition.binding, *definition.decorators)}
    return bool(made & {"dataclass", "define", "frozen", "attrs"} or set(_base_names(definition)) & _RECORDS)


def _doubts(change: SymbolChange, met: Meeting) -> Iterator[str]:
    raised = [d for d in change.details if d.aspect is Aspect.RAISES and d.after]
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
    Kind.REMOVED: "comes from elsewhere now, under the same name",
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
