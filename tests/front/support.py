"""Git as the tests of the front use it: no configuration but its own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_IDENTITY = ["-c", "user.name=A", "-c", "user.email=a@example.org"]


def git(root: Path, *arguments: str) -> str:
    """Run git in `root`; what it prints."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environ |= {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        ["git", *_IDENTITY, *arguments], cwd=root, env=environ, check=True, capture_output=True, text=True
    )
    return done.stdout
