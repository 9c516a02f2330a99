"""YAML as plain mappings, lists and strings, from the parser's events.

Promises: no tag is obeyed, no alias followed (it shows as `*name`), and nothing here recurses: a file that is
built to cost more than its size does not. All scalars are strings. Raises ValueError.
"""

from __future__ import annotations

from typing import Any

_DEEPEST = 60


def load(text: str) -> Any:
    """The first document; several are a list of them. An empty text is an empty mapping."""
    # bandit and libcst, which Assay needs anyway, bring it.
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    documents: list[Any] = []
    builder = _Builder(documents)
    try:
        for event in yaml.parse(text, Loader=loader):
            builder.take(event)
    except yaml.YAMLError as error:
        raise ValueError(f"no YAML: {error}") from error
    return documents[0] if len(documents) == 1 else documents or {}


class _Builder:
    """Puts values where they belong: into the innermost open collection."""

    def __init__(self, documents: list[Any]) -> None:
        self._open: list[Any] = [documents]
        self._keys: list[str | None] = [None]

    def take(self, event: Any) -> None:
        match type(event).__name__:
            case "ScalarEvent":
                self._put(event.value)
            case "AliasEvent":
                self._put(f"*{event.anchor}")
            case "MappingStartEvent":
                self._begin({})
            case "SequenceStartEvent":
                self._begin([])
            case "MappingEndEvent" | "SequenceEndEvent":
                self._open.pop()
                self._keys.pop()

    def _begin(self, collection: Any) -> None:
        if len(self._open) > _DEEPEST:
            raise ValueError("nested too deeply")
        self._put(collection)
        self._open.append(collection)
        self._keys.append(None)

    def _put(self, value: Any) -> None:
        inner = self._open[-1]
        if isinstance(inner, list):
            inner.append(value)
        elif self._keys[-1] is None:
            self._keys[-1] = value if isinstance(value, str) else "?"
        else:
            inner[self._keys[-1]] = value
            self._keys[-1] = None
