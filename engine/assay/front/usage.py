"""Errors of the command-line parser as sentences of ours.

Promises: nothing of the parser's own classes is imported, since they moved between its versions; an error
that is not the parser's gives None.
"""

from __future__ import annotations


def usage_sentence(error: BaseException) -> str | None:
    """What is wrong with the command line and where help is, or None if `error` is something else."""
    describe = getattr(error, "format_message", None)
    if not callable(describe):
        return "aborted" if type(error).__name__ == "Abort" else None
    message = " ".join(str(describe()).split()).replace("Value error, ", "").rstrip(".")
    context = getattr(error, "ctx", None)
    path = getattr(context, "command_path", "assay")
    return f"{message[:1].lower()}{message[1:]}; see: {path} --help"
