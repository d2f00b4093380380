"""The peer's provider: ``bench_mailbox``, a row of ``remote``. Terraform starts it; it needs the group ``bench``.

It stands alone, so that it starts as fast as can be, and takes from the environment:

    BENCH_REMOTE    host:port of the remote
    BENCH_FIELDS    names of the fields, with commas; the first is the key
    BENCH_READ      each: a read for each resource, as most providers do; bulk: one listing for each run of Terraform
    BENCH_VERIFY    1: read a row back after it was written, as we do
"""

from __future__ import annotations

import json
import os
import threading
from functools import cache
from http.client import HTTPConnection
from typing import Any

from tf import runner
from tf.iface import Provider, Resource
from tf.schema import Attribute, Schema
from tf.types import String

REMOTE = os.environ["BENCH_REMOTE"]
FIELDS = os.environ["BENCH_FIELDS"].split(",")
IS_BULK = os.environ["BENCH_READ"] == "bulk"
VERIFIES = os.environ.get("BENCH_VERIFY") == "1"
PAGE = 1000

Row = dict[str, Any]

_own = threading.local()
_listing = threading.Lock()


def call(method: str, target: str, body: str | None = None) -> Any:
    """Return what the remote answered, None where there is no such row; each thread keeps its connection."""
    if not hasattr(_own, "connection"):
        _own.connection = HTTPConnection(REMOTE)
    _own.connection.request(method, target, body)
    response = _own.connection.getresponse()
    text = response.read()
    if response.status not in (200, 404):
        raise RuntimeError(f"{method} {target} ended with {response.status}")
    return json.loads(text) if text else None


def listed(key: str) -> Row | None:
    """Return a row from the listing, which the first thread that asks makes."""
    with _listing:
        return _all().get(key)


@cache
def _all() -> dict[str, Row]:
    rows: dict[str, Row] = {}
    while True:
        page = call("GET", f"/rows?skip={len(rows)}&take={PAGE}")
        rows.update((row[FIELDS[0]], row) for row in page)
        if len(page) < PAGE:
            return rows


class Mailbox(Resource):
    def __init__(self, provider: Provider) -> None:
        pass

    @classmethod
    def get_name(cls) -> str:
        return "mailbox"

    @classmethod
    def get_schema(cls) -> Schema:
        return Schema(attributes=[Attribute(name, String(), required=True) for name in FIELDS])

    def create(self, context: Any, planned: Row) -> Row:
        call("PUT", f"/rows/{planned[FIELDS[0]]}", json.dumps(planned))
        if VERIFIES:
            call("GET", f"/rows/{planned[FIELDS[0]]}")
        return planned

    def read(self, context: Any, current: Row) -> Row | None:
        key = current[FIELDS[0]]
        row: Row | None = listed(key) if IS_BULK else call("GET", f"/rows/{key}")
        return row

    def update(self, context: Any, current: Row, planned: Row) -> Row:
        return self.create(context, planned)

    def delete(self, context: Any, current: Row) -> None:
        raise NotImplementedError("the benchmark deletes nothing")


class Bench(Provider):
    def get_model_prefix(self) -> str:
        return "bench_"

    def get_provider_schema(self, diagnostics: Any) -> Schema:
        return Schema(attributes=[])

    def full_name(self) -> str:
        return "example.test/bench/bench"

    def validate_config(self, diagnostics: Any, config: Row) -> None:
        pass

    def configure_provider(self, diagnostics: Any, config: Row) -> None:
        pass

    def get_data_sources(self) -> list[Any]:
        return []

    def get_resources(self) -> list[Any]:
        return [Mailbox]


if __name__ == "__main__":
    runner.run_provider(Bench())
