"""The hooks offered to pre-commit, held against what pre-commit accepts."""

from __future__ import annotations

from pathlib import Path

import yaml

HOOKS = yaml.safe_load((Path(__file__).resolve().parents[2] / ".pre-commit-hooks.yaml").read_text())


def test_hooks_read_the_index_themselves_and_always_run():
    assert [hook["id"] for hook in HOOKS] == ["assay", "assay-fast"]
    for hook in HOOKS:
        assert hook["entry"].startswith("assay check --staged")
        assert hook["language"] == "python"
        assert hook["pass_filenames"] is False
        # Without this a commit that only deletes files would not be checked.
        assert hook["always_run"] is True
        assert hook["stages"] == ["pre-commit", "pre-merge-commit", "manual"]
