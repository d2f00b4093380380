"""The peers, as far as they need neither Terraform with its Python package nor Salt."""

from __future__ import annotations

import asyncio
import json
import re
import runpy
from pathlib import Path

from tests.bench.child import first_plan
from tests.bench.generate import Cost, set_cost, write_environment
from tests.bench.headline import APPLY, EACH, NO_OP, OURS, Duel, Headline, render_headline
from tests.bench.measure import Figures
from tests.bench.remote import Remote
from tests.bench.salt import BARE, MODULES, STATES, WITH_EDGES, write_salt
from tests.bench.terraform import PROVIDER
from tests.bench.terraform_files import FIELDS, write_provided

MAILBOXES = 5


def exchange(remote: Remote, requests: bytes) -> bytes:
    """Return what the remote writes to one connection that sends ``requests`` and closes."""

    async def run() -> bytes:
        async with await asyncio.start_server(remote.serve, "127.0.0.1", 0) as server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(requests)
            writer.write_eof()
            answer = await reader.read()
            writer.close()
            return answer

    return asyncio.run(run())


def test_the_remote_keeps_rows_and_counts_what_was_asked() -> None:
    remote = Remote(0.0, 0.0, asyncio.Semaphore(2))
    rows = [json.dumps({"address": f"a/{number}"}).encode() for number in range(3)]
    puts = b"".join(
        b"PUT /rows/a/%d HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (number, len(row), row)
        for number, row in enumerate(rows)
    )
    gets = b"".join(
        b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n" % target
        for target in (b"/rows/a/1", b"/rows/a/9", b"/rows?skip=1&take=5")
    )
    answer = exchange(remote, puts + gets)
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"200"] * 4 + [b"404", b"200"]
    assert answer.endswith(b"[" + b",".join(rows[1:]) + b"]")
    assert remote.counts == {"writes": 3, "reads": 2, "pages": 1}


def test_mailboxes_are_resources_of_the_provider_with_every_field(tmp_path: Path) -> None:
    write_environment(tmp_path / "environment", MAILBOXES, seed=7)
    assert write_provided(first_plan(tmp_path / "environment"), tmp_path / "peer") == MAILBOXES
    text = (tmp_path / "peer" / "main.tf").read_text()
    blocks = re.findall(rf'^resource "{PROVIDER}_mailbox" "\w+" {{\n(.*?)^}}', text, re.MULTILINE | re.DOTALL)
    assert len(blocks) == MAILBOXES
    for block in blocks:
        assert tuple(re.findall(r"^ +(\w+) = ", block, re.MULTILINE)) == FIELDS
    referred = set(re.findall(r"= terraform_data\.(\w+)\.output", text))
    assert referred
    assert referred <= set(re.findall(r'^resource "terraform_data" "(\w+)"', text, re.MULTILINE))


def test_another_cost_replaces_the_first_and_nothing_else(tmp_path: Path) -> None:
    for name, cost in (("one", Cost(50, 10)), ("other", Cost(50, 18, 20))):
        write_environment(tmp_path / name, MAILBOXES, seed=7, cost=cost)
    set_cost(tmp_path / "one", Cost(50, 18, 20))
    assert (tmp_path / "one" / "world.yaml").read_text() == (tmp_path / "other" / "world.yaml").read_text()


def test_the_engines_share_is_what_lies_above_the_limit() -> None:
    done = Headline(Duel(mailboxes=1_000, milliseconds=50, slots=10))
    assert done.duel.limit_seconds == 5.0
    done.figures[OURS, APPLY] = [Figures(6.0, 1.0, 50), Figures(5.5, 1.0, 50)]
    done.figures[EACH, APPLY] = [Figures(12.0, 9.0, 150), Figures(11.0, 9.0, 150)]
    done.figures[EACH, NO_OP] = [Figures(9.0, 6.0, 150)]
    assert done.ratio(EACH, APPLY) == 2.0
    assert done.engine_ratio(EACH, APPLY) == (7.0 + 12.0) / 2
    assert done.ratio(EACH, NO_OP) is None
    assert "9.5" in render_headline(done)


def test_salt_compares_every_resource_with_what_was_observed(tmp_path: Path) -> None:
    peer = tmp_path / "peer"
    write_environment(tmp_path / "environment", MAILBOXES, seed=7)
    count = write_salt(first_plan(tmp_path / "environment"), peer)
    present = runpy.run_path(str(peer / MODULES / "fleet.py"))["present"]
    for states, has_edges in ((BARE, False), (WITH_EDGES, True)):
        head, _, text = (peer / STATES / f"{states}.sls").read_text().partition("\n")
        assert head == "#!json"
        told = {
            name: {key: value for one in all_["fleet.present"] for key, value in one.items()}
            for name, all_ in json.loads(text).items()
        }
        edges = {name: fields.pop("require", []) for name, fields in told.items()}
        assert len(told) == count
        assert any(edges.values()) is has_edges
        assert {other["fleet"] for before in edges.values() for other in before} <= told.keys()
        for name, fields in told.items():
            assert present(name, __id__=name, **fields) == {"name": name, "changes": {}, "result": True, "comment": ""}
            other = present(name, **{**fields, "value1": "other"})
            assert other["result"] is None
            assert other["changes"] == {"value1": {"old": fields["value1"], "new": "other"}}
    assert present("nobody", address="x")["changes"] == {"address": {"old": None, "new": "x"}}
