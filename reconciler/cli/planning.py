"""What ``plan``, ``apply`` and ``destroy`` do: make a plan, show it, admit it, save it or carry it out."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from reconciler.cli.lines import line_for_saved, line_to_apply, line_to_resume, line_without_budgets
from reconciler.cli.options import announce_waiting, concluded, ports
from reconciler.cli.output import Output, write_file
from reconciler.model.diagnostics import ConfigurationError, Diagnostic, Severity
from reconciler.model.shares import TENTH
from reconciler.model.waves import WAVE
from reconciler.plan.rules import REPLACEMENT, TOO_MUCH_DESTROYED, TOO_MUCH_FORGOTTEN
from reconciler.plan.selection import Selection

if TYPE_CHECKING:
    from reconciler.app import Workspace

CONNECTING: Final = "Connecting to the servers ..."

Options = Mapping[str, Any]
"""The options of the command, by name."""


def make_plan(output: Output, directory: Path, options: Options, *, ends: bool = False) -> int:
    """Show a plan and save it where asked; return the exit code. ``ends``: a plan that removes what is declared."""
    from reconciler.app import open_workspace, under_way

    selection = _selected(options)
    with (
        concluded(output, "Not saved" if options["out"] else "Cannot be applied"),
        open_workspace(directory, ports(output), parallelism=options["parallelism"]) as workspace,
    ):
        output.diagnostics(under_way(workspace.store))
        _refuse_unknown_wave(selection, workspace)
        output.busy(CONNECTING)
        if ends:
            selection = workspace.end_declared(selection)
        made = workspace.plan(selection, refresh_only=options["refresh_only"], rehearses=not options["no_rehearsal"])
        output.plan(made, commands=options["commands"])
        if options.get("json_into"):
            _write_json(options["json_into"], made)
        is_within = _admit(output, workspace, made, directory, options)
        if options["out"]:
            workspace.saved_plans.save(made, options["out"])
            line = f"To apply it:\n\n    {line_for_saved(options['out'])}"
            output.say(f"\nSaved to {options['out']}. {line if is_within else 'The warning shows how to apply it.'}")
    return 2 if (made.has_changes or made.missing) and options.get("detailed_exitcode") else 0


def carry_out(output: Output, what: Path, options: Options, *, ends: bool = False) -> int:
    """Show a new or saved plan, ask, and apply it; return the exit code. ``ends``: as for ``make_plan``."""
    from reconciler.app import alone
    from reconciler.run.system import SignalStop

    def on_signal(_: int, count: int) -> None:
        now = "Finishing the running steps. Press Ctrl-C again to stop sooner" if count == 1 else "Stopping"
        sys.stderr.write(f"\nInterrupted. {now} ...\n")

    directory, planfile = place_of(what, options.get("directory"))
    stop = SignalStop(on_signal, announce_waiting)
    with (
        stop.installed(),
        concluded(output, "Not applied"),
        alone(directory),
        _workspace(output, directory, stop=stop, parallelism=options["parallelism"]) as workspace,
    ):
        selection = _selected(options)
        _refuse_unknown_wave(selection, workspace)
        output.busy(CONNECTING)
        saved = workspace.saved_plans.read(planfile) if planfile else None

        def show(made: Any) -> None:
            if saved is not None and not options["commands"]:
                output.saved_plan(made)
            else:
                output.plan(made, commands=options["commands"])

        def approve(made: Any) -> bool:
            if not made.has_changes or saved is not None or options["auto_approve"]:
                return True
            return asked_yes("Apply this plan?", "apply it")

        account = workspace.apply(
            approve,
            saved=saved,
            selection=workspace.end_declared(selection) if ends else selection,
            show=show,
            max_destroy=options["max_destroy"] or 0,
            max_forget=options["max_forget"] or TENTH,
            allow_replace=options["allow_replace"],
            refresh_only=options["refresh_only"],
            rehearses=not options["no_rehearsal"],
            strict=options["strict"],
            allow_older=options.get("allow_older", False),
            resume=line_to_resume(directory, saved),
            again=line_without_budgets(what),
        )
    if account is None:
        output.diagnostics([not_approved("apply without a question, or apply a saved plan")])
        return 1
    return account.exit_code()


def place_of(what: Path, directory: Path | None) -> tuple[Path, Path | None]:
    """Return the environment's directory, and the plan file where ``what`` is a file."""
    if not what.is_file():
        return what, None
    from reconciler.app import directory_of_plan

    return directory or directory_of_plan(what), what


def _workspace(output: Output, directory: Path, *, stop: Any, parallelism: int) -> AbstractContextManager[Workspace]:
    """Open the environment. Its modules load late, so that a locked environment is reported quickly."""
    from reconciler.app import open_workspace

    return open_workspace(directory, ports(output, stop=stop), parallelism=parallelism)


def _selected(options: Options) -> Selection:
    return Selection(tuple(options["targets"]), tuple(options["excludes"]), options["wave"])


def _refuse_unknown_wave(selection: Selection, workspace: Workspace) -> None:
    """Raise ConfigurationError for a wave that the files do not have, before anything is read or shown."""
    if selection.wave is None:
        return
    environment = workspace.environment
    each = (*environment.declared.values(), *environment.ended.values())
    waves = {str(wave) for resources in each for one in resources.values() if (wave := one.get(WAVE))}
    if unknown := selection.unknown_wave({*waves, *(one.name for one in environment.settings.waves)}):
        raise ConfigurationError(*unknown)


def _admit(output: Output, workspace: Any, made: Any, directory: Path, options: Options) -> bool:
    """Raise where the plan may not be applied. Warn, and return False, where it exceeds a default budget."""
    from reconciler.app import vocabulary
    from reconciler.model.shares import ALL
    from reconciler.plan.admission import admit
    from reconciler.plan.budgets import Budgets

    destroy, forget, prior = options["max_destroy"], options["max_forget"], workspace.prior
    own = line_without_budgets(directory)
    given = Budgets(made.destroys if destroy is None else destroy, forget or ALL, own, allow_replace=True)
    default = Budgets(again=line_to_apply(directory, options["out"]), nouns=vocabulary().nouns)
    asked = {
        TOO_MUCH_DESTROYED.code: destroy,
        TOO_MUCH_FORGOTTEN.code: forget,
        REPLACEMENT.code: options["allow_replace"] or None,
    }
    exceeded = [one for one in default.exceeded(made, prior) if asked[str(one.code)] is None]
    output.diagnostics(replace(one, severity=Severity.WARNING) for one in exceeded)
    admit(made, given, prior, strict=options["strict"])
    return not exceeded


def asked_yes(question: str, doing: str) -> bool:
    """Ask for approval on the terminal; without a terminal the answer is no."""
    if not sys.stdin.isatty():
        return False
    sys.stderr.write(f'\n{question} Type "yes" to {doing}: ')
    sys.stderr.flush()
    return sys.stdin.readline().strip() == "yes"


def not_approved(otherwise: str) -> Diagnostic:
    """Return the error about a missing approval; ``otherwise``: what --auto-approve does."""
    if sys.stdin.isatty():
        return Diagnostic("Not approved", "Nothing was changed.")
    detail = "There is no terminal to ask for approval. Nothing was changed."
    return Diagnostic("Not approved", detail, f"Give --auto-approve to {otherwise}.")


def _write_json(path: Path, made: Any) -> None:
    from reconciler.views.json_lines import JsonLines

    lines: list[str] = []
    JsonLines(lines.append).tell(made)
    write_file(path, "".join(lines))
