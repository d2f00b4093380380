"""What every test run has in common: one seed, printed at the top, from which all generated cases follow.

A run is repeated by its seed alone, so Hypothesis keeps no database of earlier failures, and its profile
is the same on every machine (Hypothesis itself would choose another one where it sees CI). No deadline:
how long a case takes is the machine's affair.
"""

import gc
import os

import hypothesis
import pytest

SEED = int(os.environ.get("RECONCILER_TEST_SEED", "20101"))
COLLECTIONS = (5_000, 20, 100)
"""How seldom the garbage collector searches: after so many new objects, and so many searches of the younger ones."""

hypothesis.settings.register_profile("reconciler", database=None, deadline=None, derandomize=False, print_blob=False)
hypothesis.settings.load_profile("reconciler")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Give Hypothesis our seed, before its own plugin looks for one on the command line."""
    if config.option.hypothesis_seed is None:
        config.option.hypothesis_seed = str(SEED)


def pytest_collection_finish() -> None:
    """Keep the garbage collector from what stays until the end; its searches took an eighth of the CPU time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTIONS)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Return what a run depends on: how to generate the same cases again, and which PowerShell the runner meets."""
    from reconciler.app.simulated_world import find_powershell

    return [f"seed: RECONCILER_TEST_SEED={config.option.hypothesis_seed}", powershell_header(find_powershell())]


def powershell_header(found: str | None) -> str:
    """Return which PowerShell a run of the tests uses."""
    from reconciler.app.simulated_world import PLACES

    missing = f"NONE FOUND, its tests are skipped (looked at {', '.join(PLACES)})"
    return f"PowerShell: {found or missing}"
