"""Which test files of a tree are trusted, and what is in them: for the reporter to compare with.

Promises: reads git objects only. The base is listed once per transaction; any other tree costs in proportion
to how it differs (invariant 7).
"""

from __future__ import annotations

from assay.gates.protocol import Toolbox
from assay.repo.globs import compile_globs
from assay.repo.trees import delta

_FILE = 0o100000
_KIND = 0o170000


async def trusted_files(toolbox: Toolbox, tree: str) -> dict[str, str]:
    """Path to git blob of the files of `tree` that match the policy's test paths, and every conftest.py."""
    base = toolbox.base.tree
    globs = (*toolbox.policy.tests.paths, "**/conftest.py", "conftest.py")

    async def of_base() -> dict[str, str]:
        found = toolbox.repo.files(base, globs)
        return {entry.path: entry.blob for entry in found if is_file(entry.mode)}

    files = await toolbox.once(f"tests:manifest:{base}", of_base)
    if tree == base:
        return dict(files)
    difference = delta(toolbox.repo, base, tree)
    gone = set(difference.deletions)
    files = {path: blob for path, blob in files.items() if not _below(path, gone)}
    is_test = compile_globs(globs)
    for write in difference.writes:
        files.pop(write.path, None)
        if is_test(write.path) and is_file(write.mode):
            files[write.path] = write.blob
    return files


def is_file(mode: int) -> bool:
    """Whether a git mode is that of a file: no link, directory or submodule."""
    return mode & _KIND == _FILE


def _below(path: str, gone: set[str]) -> bool:
    """Whether `path` or a directory above it is in `gone`."""
    if not gone:
        return False
    parts = path.split("/")
    return any("/".join(parts[: count + 1]) in gone for count in range(len(parts)))
