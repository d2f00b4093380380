"""Measures plan, apply, wire and runner: ``python -m tests.bench [--quick | --full] [-n ROUNDS] [--json FILE]``.

Nothing here asserts a time: machines differ, and so do their days. Where ``terraform`` is on PATH, it plans and applies
as many resources in the same rounds.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path

from tests.bench.headline import Duel, measure_headline, render_headline
from tests.bench.listing import measure_listing, render_listing
from tests.bench.measure import Failed, compiled_ahead, machine
from tests.bench.report import as_json, page, render, render_size
from tests.bench.rounds import (
    APPLY,
    HTTP,
    INSIDE,
    LOCAL,
    NO_OP,
    PLAN,
    WIRE,
    Measured,
    Size,
    run_size,
    run_start_up,
    warm_up,
)
from tests.bench.slots import FULL as SLOTS_FULL
from tests.bench.slots import QUICK as SLOTS_QUICK
from tests.bench.slots import measure_slots, render_slots
from tests.bench.terraform import loopback_store
from tests.bench.transport import measure_transport, render_transport
from tests.support.powershell_host import find_powershell

EVERY = (PLAN, APPLY, NO_OP)
QUICK = (
    Size(1_000, 3, {INSIDE: EVERY, WIRE: EVERY, HTTP: EVERY}),
    Size(10_000, 1, {INSIDE: EVERY, WIRE: (APPLY, NO_OP), HTTP: (NO_OP,)}),
)
FULL = (
    Size(1_000, 5, {INSIDE: EVERY, WIRE: EVERY, HTTP: EVERY, LOCAL: EVERY}),
    Size(10_000, 3, {INSIDE: EVERY, WIRE: EVERY, HTTP: (PLAN, NO_OP), LOCAL: (PLAN, NO_OP)}),
)


def main() -> int:
    options = _options()
    terraform = None if options.no_terraform else shutil.which("terraform")
    about = machine() | ({"terraform": _version(terraform)} if terraform else {})
    chosen = FULL if options.full else QUICK
    done: list[Measured] = []
    parts: list[str] = []

    def show(text: str) -> None:
        parts.append(text)
        print(text, flush=True)

    with (
        tempfile.TemporaryDirectory(prefix="reconciler-bench-") as place,
        loopback_store() as store,
        compiled_ahead(Path(place)),
    ):
        work = Path(place)
        try:
            warm_up(work, options.seed)
            start_up = run_start_up(_reconciler(), terraform, 10, work)
            show(render(about, options.seed, start_up))
            wire = measure_transport()
            show(render_transport(wire))
            listing = measure_listing() if find_powershell() else None
            show(render_listing(listing))
            slots = measure_slots(SLOTS_FULL if options.full else SLOTS_QUICK, work, options.seed, _say)
            show(render_slots(slots))
            provided = terraform if find_spec("tf") else None
            headline = measure_headline(Duel(rounds=options.rounds or 3), work, options.seed, provided, store, _say)
            show(render_headline(headline))
            for size in chosen:
                size = Size(size.mailboxes, options.rounds or size.rounds, size.phases)
                done.append(run_size(size, work, options.seed, terraform, store, _say))
                show(render_size(done[-1]))
        except Failed as error:
            print(error, file=sys.stderr)
            return 1
    if options.json:
        told = as_json(about, options.seed, start_up, done)
        told["slots"] = [asdict(load) | {"rounds": [asdict(one) for one in rounds]} for load, rounds in slots.items()]
        told |= {"transport": [asdict(row) for row in wire], "listing": asdict(listing) if listing else None}
        options.json.write_text(json.dumps(told, indent=2) + "\n")
    if options.page:
        options.page.write_text(page(parts), encoding="utf-8")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__.partition("\n")[0])
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--quick", action="store_true", help="less than three minutes on two cores (the default)")
    how.add_argument(
        "--full", action="store_true", help="more rounds, and all that Terraform can do in reasonable time"
    )
    parser.add_argument("-n", dest="rounds", type=int, metavar="ROUNDS", help="rounds of each size")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure of every round")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write the tables as a page")
    parser.add_argument("--no-terraform", action="store_true", help="measure the product alone")
    return parser.parse_args()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _reconciler() -> list[str]:
    program = Path(sys.executable).with_name("reconciler")
    return [str(program)] if program.exists() else [sys.executable, "-m", "reconciler"]


def _version(terraform: str) -> str:
    told = subprocess.run([terraform, "version", "-json"], capture_output=True, check=False, text=True).stdout
    return str(json.loads(told)["terraform_version"])


if __name__ == "__main__":
    sys.exit(main())
