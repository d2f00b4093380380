"""Starts the command line. ``--version`` answers before other modules load.

Before ``isolate`` this module imports only what Python has loaded already: with ``python -m`` the working directory is
first on the module path, and a file in it may have the name of any module.
"""

import gc
import sys

from reconciler import __version__

TYPE_CHECKING = False  # the module that has it would be the first to load
if TYPE_CHECKING:
    from reconciler.app import Ports

OBJECTS_PER_COLLECTION = 300_000


def main(ports: "Ports | None" = None) -> int:
    """Run the command line with the arguments of the process and return the exit code."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        sys.stdout.write(f"reconciler {__version__}\n")
        return 0
    exit_on_signals()
    isolate()
    load_no_plugins()
    collect_less_often()
    from reconciler.cli.commands import run

    try:
        return run(sys.argv[1:], ports)
    finally:
        end_without_collecting()


def exit_on_signals() -> None:
    """Let a signal end the process without a traceback before and after a command.

    During a command ``run.system.SignalStop`` handles signals.
    """
    # The built-in part of ``signal``: the working directory may hold another module ``signal``.
    import _signal as signals  # type: ignore[import-not-found]  # no stubs exist
    import os

    def end(number: int, _: object) -> None:
        os._exit(130 if number == signals.SIGINT else 143)

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signals, name, None)
        if number is not None and signals.getsignal(number) != signals.SIG_IGN:
            signals.signal(number, end)


def isolate() -> None:
    """Keep this process from loading code of the working directory and from writing session keys.

    A relative entry of ``PYTHONPATH`` counts as the working directory. Where reconciler itself lies in the working
    directory, as in its own checkout, its modules still load.
    """
    import os

    home = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    entries = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    try:
        untrusted = {os.path.realpath(entry) for entry in ("", *entries) if not os.path.isabs(entry)} - {home}
        sys.path[:] = [
            os.path.abspath(entry) for entry in sys.path if entry and os.path.realpath(entry) not in untrusted
        ]
    except OSError:  # the working directory was removed, so nothing in it can be imported
        sys.path[:] = [entry for entry in sys.path if os.path.isabs(entry)]

    from reconciler.app.surroundings import remove_unsafe

    for name, reason in remove_unsafe(os.environ).items():
        sys.stderr.write(f"Ignored the variable {name}: {reason}\n")


def load_no_plugins() -> None:
    """Keep pydantic from loading plugins: they would see every value, secrets too, and to look for some takes time."""
    import os

    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"


def collect_less_often() -> None:
    """Run the garbage collector less often.

    The values of a plan are frozen, without cycles, and live until the end. With ten thousand mailboxes the collector
    took a quarter of the time.
    """
    gc.set_threshold(OBJECTS_PER_COLLECTION)


def end_without_collecting() -> None:
    """Keep Python from a search for garbage at its end. The memory of the process goes anyway.

    The search took a sixth of the CPU time of a plan of a hundred resources.
    """
    gc.freeze()


if __name__ == "__main__":
    sys.exit(main())
