"""Starts the command line. ``--version`` answers before anything is loaded: start-up is a feature."""

from __future__ import annotations

import sys

from reconciler import __version__


def main() -> int:
    """Run the command line with the process's arguments and return the exit code."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        sys.stdout.write(f"reconciler {__version__}\n")
        return 0
    from reconciler.cli import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
