"""Every rendering of a report, from the one report model.

Promises: pure; text, Markdown, HTML and the log of a GitHub workflow lay out the same page (`compose`), and
SARIF and annotations the same list of `notices`, so that all give the same numbers and words in the same
order as JSON does; nothing is computed here that the report does not hold.
"""

from __future__ import annotations

from assay.delta.as_json import as_json, report_schema
from assay.delta.compose import compose
from assay.delta.markdown import markdown
from assay.delta.page import Page
from assay.delta.text import text
from assay.model.errors import BadInput, Exit
from assay.model.report import Report

FORMATS = ("text", "json", "sarif", "junit", "markdown", "html", "github")

__all__ = ["FORMATS", "render", "report_schema", "summary"]


def render(  # noqa: PLR0911 (a format a line)
    report: Report,
    format: str,
    *,
    width: int = 80,
    color: bool = False,
    unicode: bool = True,
    profile: bool = False,
    exit_code: Exit | None = None,
) -> str:
    """The report in `format`, one of `FORMATS`, ending with a line end.

    `width` (columns), `color` and `unicode` (whether the output can show more than ASCII) are for text
    alone; `profile` shows where the time went, which JSON always does; `exit_code` is what the process ends
    with, which the headline agrees with and SARIF tells. Raises BadInput for another format.
    """

    def page() -> Page:
        return compose(report, profile=profile, exit_code=exit_code)

    if format == "text":
        return text(page(), width=width, color=color, unicode=unicode)
    if format == "json":
        return as_json(report)
    if format == "markdown":
        return markdown(page())
    # The rest is imported where it is asked for: a hook renders text.
    if format == "sarif":
        from assay.delta.sarif import sarif

        return sarif(report, exit_code=exit_code)
    if format == "junit":
        from assay.delta.junit import junit

        return junit(report)
    if format == "html":
        from assay.delta.html.document import document

        return document(report, exit_code=exit_code)
    if format == "github":
        from assay.delta.github import github

        return github(report, page())
    raise BadInput(f"no report format {format!r}", fix=f"choose one of {', '.join(FORMATS)}")


def summary(report: Report, room: int, *, profile: bool = False, exit_code: Exit | None = None) -> str:
    """The summary of a GitHub job, in at most `room` bytes."""
    from assay.delta.github import summary as summarised

    return summarised(compose(report, profile=profile, exit_code=exit_code), room=room)
