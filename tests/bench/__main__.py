"""Measures plan, apply, wire and runner: ``python -m tests.bench [--quick | --full] [-n ROUNDS] [--json FILE]``.

Nothing here asserts a time: machines differ, and so do their days. Where ``terraform`` is on PATH, it plans and applies
as many resources in the same rounds; where its Python package is installed as well, it does the same remote work.
Where ``make bench`` could install Salt, it compares as many states.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

from tests.bench.choices import DEFAULT, FULL, QUICK, Choice
from tests.bench.generate import write_environment
from tests.bench.growth import render_growth
from tests.bench.headline import measure_headline, render_headline
from tests.bench.listing import measure_listing, render_listing
from tests.bench.measure import Failed, compiled_ahead, machine
from tests.bench.page import REASONS, about, page, render_targets
from tests.bench.parts import measure_parts, render_parts
from tests.bench.report import render_size, render_start
from tests.bench.results import Results
from tests.bench.rounds import Peers, run_size, run_start_up, warm_up
from tests.bench.salt import find_salt
from tests.bench.slots import measure_slots, render_slots
from tests.bench.targets import targets
from tests.bench.terraform import loopback_store
from tests.bench.transport import measure_transport, render_transport
from tests.support.powershell_host import find_powershell


def main() -> int:
    options = _options()
    terraform = None if options.no_peers else shutil.which("terraform")
    salt = None if options.no_peers else find_salt()
    results = Results({**machine(), **_versions(terraform, salt)}, options.seed)
    chosen = FULL if options.full else QUICK if options.quick else DEFAULT
    tables: list[str] = []
    print(about(results), flush=True)
    with (
        tempfile.TemporaryDirectory(prefix="reconciler-bench-") as place,
        loopback_store() as store,
        compiled_ahead(Path(place)),
    ):
        try:
            peers = Peers(terraform, store, salt)
            for table in _tables(results, chosen.of(options.rounds), Path(place), peers):
                tables.append(table)
                print(f"\n{table}", flush=True)
        except Failed as error:
            print(error, file=sys.stderr)
            return 1
    print(render_targets(targets(results)))
    if options.json:
        options.json.write_text(json.dumps(results.as_json(), indent=2) + "\n")
    if options.page:
        reasons = REASONS.read_text("utf-8")
        options.page.write_text(page(results, tables, datetime.now(UTC).date(), reasons), encoding="utf-8")
    return 0


def _tables(results: Results, chosen: Choice, work: Path, peers: Peers) -> Iterator[str]:
    """Measure one part after the other, and yield the table of each."""
    seed = results.seed
    warm_up(work, seed)
    results.start_up = run_start_up(_reconciler(), peers.terraform, 10, work)
    yield render_start(results)
    results.transport = measure_transport()
    yield render_transport(results.transport)
    results.listing = measure_listing() if find_powershell() else None
    yield render_listing(results.listing)
    write_environment(work / "parts", chosen.parts, seed)
    results.parts = measure_parts(work / "parts")
    yield render_parts(results.parts)
    results.slots = measure_slots(chosen.loads, work, seed, _say)
    yield render_slots(results.slots)
    provided = peers.terraform if find_spec("tf") else None
    results.headline = measure_headline(chosen.duel, work, seed, provided, peers.store, _say)
    yield render_headline(results.headline)
    for size in chosen.sizes:
        measured = run_size(size, work, seed, peers, _say)
        results.add(measured)
        yield render_size(measured)
    yield render_growth(results)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__.partition("\n")[0])
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--quick", action="store_true", help="a few minutes; most targets are not measured")
    how.add_argument(
        "--full", action="store_true", help="hours: more rounds, 50,000 over the wire, a million in process"
    )
    parser.add_argument("-n", dest="rounds", type=int, metavar="ROUNDS", help="at most so many rounds of everything")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure of every round")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write the page")
    parser.add_argument("--no-peers", action="store_true", help="measure the product alone")
    return parser.parse_args()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _reconciler() -> list[str]:
    program = Path(sys.executable).with_name("reconciler")
    return [str(program)] if program.exists() else [sys.executable, "-m", "reconciler"]


def _versions(terraform: str | None, salt: Path | None) -> Mapping[str, str]:
    versions = {}
    if terraform:
        versions["terraform"] = str(json.loads(_told(terraform, "version", "-json"))["terraform_version"])
    if salt:
        versions["salt"] = _told(str(salt), "--version").split()[1]
    return versions


def _told(*command: str) -> str:
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


if __name__ == "__main__":
    sys.exit(main())
