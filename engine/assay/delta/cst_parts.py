"""Parts of libcst's trees in words, for the outline that `by_libcst` makes.

Promises: pure. Imported only in the process that `second_parser` starts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import libcst as cst

from assay.delta.outline import Parameter, ParameterKind, kind_of


def parameters(node: cst.Parameters) -> Iterator[Parameter]:
    for param in node.posonly_params:
        yield _parameter(param, ParameterKind.POSITIONAL)
    for param in node.params:
        yield _parameter(param, kind_of(param.name.value, positional_only=False))
    if isinstance(node.star_arg, cst.Param):
        yield _parameter(node.star_arg, ParameterKind.VARIADIC)
    for param in node.kwonly_params:
        yield _parameter(param, ParameterKind.KEYWORD)
    if node.star_kwarg is not None:
        yield _parameter(node.star_kwarg, ParameterKind.KEYWORDS)


def _parameter(node: cst.Param, kind: ParameterKind) -> Parameter:
    annotation = f": {code(node.annotation.annotation)}" if node.annotation else ""
    default = code(node.default) if node.default else ""
    variadic = kind in (ParameterKind.VARIADIC, ParameterKind.KEYWORDS)
    return Parameter(
        name=node.name.value,
        kind=kind,
        optional=variadic or node.default is not None,
        text=node.name.value + annotation + (f"={default}" if default else ""),
        default=default,
    )


def listed(parameters: Sequence[Parameter]) -> str:
    """Parameters as they stand between parentheses, with the bare `/` and `*` where kinds change."""
    parts: list[str] = []
    kinds = [parameter.kind for parameter in parameters]
    for index, (kind, parameter) in enumerate(zip(kinds, parameters, strict=True)):
        if kind is ParameterKind.KEYWORD and not {ParameterKind.VARIADIC, ParameterKind.KEYWORD} & {
            *kinds[:index]
        }:
            parts.append("*")
        stars = {ParameterKind.VARIADIC: "*", ParameterKind.KEYWORDS: "**"}.get(kind, "")
        parts.append(stars + parameter.text)
        if kind is ParameterKind.POSITIONAL and ParameterKind.POSITIONAL not in kinds[index + 1 :]:
            parts.append("/")
    return ", ".join(parts)


def code(node: cst.CSTNode) -> str:
    return " ".join(cst.Module(body=()).code_for_node(node).split())
