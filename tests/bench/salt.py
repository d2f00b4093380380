"""The other peer: the same resources as states of Salt, masterless and with ``test=True``.

It does no remote work either: its state module finds what was observed in a file (``salt_module.py``). Without edges it
keeps the order of the file; an edge is a ``require``.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconciler.plan.plan import Plan
from tests.bench.measure import ROOT, Failed, Figures, run_other
from tests.bench.terraform_files import Peer, resources_of

PROGRAM = ROOT / ".venv" / "salt" / "bin" / "salt-call"
"""``make bench`` installs it in an environment of its own, because its pins contradict ours."""

BARE, WITH_EDGES = "bare", "edges"
"""The state files."""

STATES = "states"
MODULES = "modules"


def write_salt(plan: Plan, directory: Path) -> int:
    """Write everything that Salt reads to the new directory; return the number of states."""
    (directory / STATES).mkdir(parents=True)
    (directory / MODULES).mkdir()
    shutil.copyfile(Path(__file__).with_name("salt_module.py"), directory / MODULES / "fleet.py")
    resources = list(resources_of(plan))
    for name, has_edges in ((BARE, False), (WITH_EDGES, True)):
        text = json.dumps({one[0]: _state(one, has_edges=has_edges) for one in resources})
        (directory / STATES / f"{name}.sls").write_text(f"#!json\n{text}\n", encoding="utf-8")
    observed = {name: fields for name, fields, _ in resources}
    (directory / "observed.json").write_text(json.dumps(observed), encoding="utf-8")
    (directory / "minion").write_text(json.dumps(_options(directory), indent=2), encoding="utf-8")
    return len(resources)


def _state(resource: Peer, *, has_edges: bool) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    _, fields, after = resource
    texts: list[Mapping[str, Any]] = [{field: value} for field, value in fields.items()]
    edges = [{"require": [{"fleet": name} for name, _ in after]}] if after and has_edges else []
    return {"fleet.present": [*texts, *edges]}


def _options(directory: Path) -> Mapping[str, Any]:
    """Return the configuration of a minion that has no master, keeps to ``directory`` and asks no network."""
    return {
        "id": "bench",
        "file_client": "local",
        "root_dir": str(directory / "root"),
        "log_file": str(directory / "log"),
        "log_level": "quiet",
        "file_roots": {"base": [str(directory / STATES)]},
        "states_dirs": [str(directory / MODULES)],
        "enable_fqdns_grains": False,
        "enable_gpu_grains": False,
        "grains_cache": True,
    }


@dataclass(frozen=True, slots=True)
class Salt:
    """A directory of ``write_salt``."""

    program: Path
    directory: Path

    def plan_nothing(self, states: str) -> Figures:
        """Compare all states of a file. Raises Failed where Salt would change something, or compares fewer."""
        output = self.directory / "output.json"
        figures = run_other(
            [
                str(self.program),
                "--local",
                f"--config-dir={self.directory}",
                "--out=json",
                f"--out-file={output}",
                "state.apply",
                states,
                "test=True",
            ],
            cwd=self.directory,
        )
        results = json.loads(output.read_bytes())["local"]
        output.unlink()
        count = len(json.loads((self.directory / "observed.json").read_bytes()))
        if not isinstance(results, dict) or len(results) != count:
            raise Failed(f"Salt compared {len(results)} of {count} states:\n{json.dumps(results)[:2000]}")
        if changed := [one["name"] for one in results.values() if one["result"] is not True]:
            raise Failed(f"Salt would change {len(changed)} states, the first is {changed[0]}")
        return figures


def find_salt() -> Path | None:
    """Return Salt's program, None where it is not installed."""
    return PROGRAM if os.access(PROGRAM, os.X_OK) else None
