"""The peer: the same resources as ``terraform_data``, planned and applied by Terraform itself.

It does no remote work at all, so what is compared is the engine. Terraform works without a network here: the provider
of ``terraform_data`` is built in, and the configuration of its command line names no other. Its state is kept where it
is fastest, in a loopback store behind its ``http`` backend, or in a local file, which is its default.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from tests.bench.measure import ROOT, Figures, run_other

STATE_FILE = "terraform.tfstate"
APPLIED = "applied.tfstate"
"""The state in which all is done, beside ``main.tf``."""

PROVIDER = "bench"
SOURCE = f"example.test/bench/{PROVIDER}"
"""The provider of ``provider.py``; Terraform finds it by ``dev_overrides``, and asks no registry."""


class _Store(BaseHTTPRequestHandler):
    state = b""

    def do_GET(self) -> None:
        self._answer(200 if _Store.state else 404, _Store.state)

    def do_POST(self) -> None:
        _Store.state = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(200, b"")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@contextmanager
def loopback_store() -> Iterator[str]:
    """Keep one state in memory while entered; enters with its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Store)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/state"
    finally:
        server.shutdown()
        server.server_close()


@dataclass(frozen=True, slots=True)
class Terraform:
    """A directory with ``main.tf``; ``store`` is the address of its state, None for the local file."""

    program: str
    directory: Path
    store: str | None
    provider: Mapping[str, str] | None = None
    """The environment of the provider, where ``main.tf`` has resources of it."""

    def prepare(self, state: Path | None = None) -> None:
        """Start from ``state``, or from nothing."""
        for left in (".terraform", STATE_FILE, STATE_FILE + ".backup"):
            path = self.directory / left
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        backend = self.directory / "backend.tf"
        backend.write_text(f'terraform {{\n  backend "http" {{ address = "{self.store}" }}\n}}\n' if self.store else "")
        (self.directory / "cli.tfrc").write_text("disable_checkpoint = true\n" + self._overrides())
        if self.store:
            _Store.state = state.read_bytes() if state else b""
        elif state:
            shutil.copyfile(state, self.directory / STATE_FILE)
        with self._without_provider():
            self._run("init")

    def _overrides(self) -> str:
        """Write the program of the provider, and return the lines that say where it is."""
        if self.provider is None:
            return ""
        program = self.directory / f"terraform-provider-{PROVIDER}"
        # -P: the modules beside the provider are not on its path.
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P "{ROOT}/tests/bench/provider.py"\n')
        program.chmod(0o755)
        return f'provider_installation {{\n  dev_overrides {{ "{SOURCE}" = "{self.directory}" }}\n  direct {{}}\n}}\n'

    @contextmanager
    def _without_provider(self) -> Iterator[None]:
        """Hide ``main.tf`` where it names the provider: ``init`` would look for it in a registry."""
        main, hidden = self.directory / "main.tf", self.directory / "main.hidden"
        if self.provider is not None:
            main.rename(hidden)
        try:
            yield
        finally:
            if self.provider is not None:
                hidden.rename(main)

    def plan(self) -> Figures:
        return self._run("plan")

    def plan_nothing(self) -> Figures:
        """Plan what is applied already. Raises Failed where Terraform would change something."""
        return self._run("plan", "-detailed-exitcode")

    def apply(self) -> Figures:
        return self._run("apply", "-auto-approve")

    def _run(self, *arguments: str) -> Figures:
        command = [self.program, *arguments, "-input=false", "-no-color"]
        environment = {"TF_CLI_CONFIG_FILE": str(self.directory / "cli.tfrc"), "CHECKPOINT_DISABLE": "1"}
        environment |= self.provider or {}
        return run_other(command, cwd=self.directory, environment=environment)
