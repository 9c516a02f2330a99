"""The program `assay`, also as `python -m assay`.

Promises: `--version` answers without importing the command line; everything else goes through
`front.entry`, which maps every ending to a documented exit code.
"""

from __future__ import annotations

import sys


def main() -> int:
    """Run the program on the process's own arguments; the exit code."""
    arguments = sys.argv[1:]
    if arguments in (["--version"], ["-V"]) and sys.stdout is not None:
        from assay import __version__

        sys.stdout.write(f"assay {__version__}\n")
        return 0
    from assay.front.entry import run

    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
