"""Starts the command line. ``--version`` answers before anything is loaded: start-up is a feature.

Nothing is imported before ``isolate`` but what Python itself has loaded already: with ``python -m`` the working
directory stands first on the path of modules, and a file in it may have any name.
"""

import gc
import sys

from reconciler import __version__

OBJECTS_PER_COLLECTION = 50_000


def main() -> int:
    """Run the command line with the process's arguments and return the exit code."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        sys.stdout.write(f"reconciler {__version__}\n")
        return 0
    end_at_once_on_signals()
    isolate()
    from reconciler.cli.commands import run

    spare_the_collector()
    return run(sys.argv[1:])


def end_at_once_on_signals() -> None:
    """Let a signal end the start, and the end, without a traceback: in both nothing is under way.

    What a command does between them it ends in order (``system.SignalStop``).
    """
    # The part that is built in: of ``signal`` itself the working directory may have another.
    import _signal as signals  # type: ignore[import-not-found]  # it has no stubs
    import os

    def end(number: int, _: object) -> None:
        os._exit(130 if number == signals.SIGINT else 143)

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signals, name, None)
        if number is not None and signals.getsignal(number) != signals.SIG_IGN:
            signals.signal(number, end)


def isolate() -> None:
    """Let nothing of the working directory be imported, nor loaded by a library, and no session key be written.

    Where the program itself lies in it, as in a checkout of its own, modules come from there all the same. What
    ``PYTHONPATH`` names by a relative path is the working directory's too.
    """
    import os

    home = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    told = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    try:
        strange = {os.path.realpath(entry) for entry in ("", *told) if not os.path.isabs(entry)} - {home}
        sys.path[:] = [os.path.abspath(entry) for entry in sys.path if entry and os.path.realpath(entry) not in strange]
    except OSError:  # the working directory was removed: nothing of it can be imported
        sys.path[:] = [entry for entry in sys.path if os.path.isabs(entry)]

    from reconciler.app.surroundings import remove_unsafe

    for name, reason in remove_unsafe(os.environ).items():
        sys.stderr.write(f"{name} is ignored: {reason}\n")


def spare_the_collector() -> None:
    """Look for garbage less often than Python does by itself.

    What a plan is made of is frozen, in no cycles and alive until the end: at ten thousand mailboxes, looking through
    all of it again and again took a quarter of the time.
    """
    gc.set_threshold(OBJECTS_PER_COLLECTION)


if __name__ == "__main__":
    sys.exit(main())
