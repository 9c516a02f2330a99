"""Every rendering of a report, from the one report model.

Promises: pure; text and Markdown lay out the same page (`compose`), so that they give the same numbers and
words in the same order as JSON does; nothing is computed here that the report does not hold.
"""

from __future__ import annotations

from assay.delta.as_json import as_json, report_schema
from assay.delta.compose import compose
from assay.delta.markdown import markdown
from assay.delta.text import text
from assay.model.errors import BadInput
from assay.model.report import Report

FORMATS = ("text", "json", "markdown")

__all__ = ["FORMATS", "render", "report_schema"]


def render(
    report: Report,
    format: str,
    *,
    width: int = 80,
    color: bool = False,
    unicode: bool = True,
    profile: bool = False,
) -> str:
    """The report in `format`, one of `FORMATS`, ending with a line end.

    `width` (columns), `color` and `unicode` (whether the output can show more than ASCII) are for text
    alone; `profile` shows where the time went, which JSON always does. Raises BadInput for another format.
    """
    if format == "json":
        return as_json(report)
    if format == "markdown":
        return markdown(compose(report, profile=profile))
    if format == "text":
        return text(compose(report, profile=profile), width=width, color=color, unicode=unicode)
    raise BadInput(f"no report format {format!r}", fix=f"choose one of {', '.join(FORMATS)}")
