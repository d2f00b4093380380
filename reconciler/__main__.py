"""Starts the command line. ``--version`` answers before anything is loaded: start-up is a feature."""

from __future__ import annotations

import gc
import sys

from reconciler import __version__

OBJECTS_PER_COLLECTION = 50_000


def main() -> int:
    """Run the command line with the process's arguments and return the exit code."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        sys.stdout.write(f"reconciler {__version__}\n")
        return 0
    from reconciler.cli import run

    spare_the_collector()
    return run(sys.argv[1:])


def spare_the_collector() -> None:
    """Look for garbage less often than Python does by itself.

    What a plan is made of is frozen, in no cycles and alive until the end: at ten thousand mailboxes, looking through
    all of it again and again took a quarter of the time.
    """
    gc.set_threshold(OBJECTS_PER_COLLECTION)


if __name__ == "__main__":
    sys.exit(main())
