"""The simulator's server: one loopback port, HTTP or HTTPS, at which the WinRM services of all hosts are reached."""

from __future__ import annotations

import threading
from types import TracebackType

from providers.simulator.wire.faults import FaultPlan
from providers.simulator.wire.listener import Listener
from providers.simulator.wire.runner import Estate
from providers.simulator.wire.service import Counts as Counts
from providers.simulator.wire.service import Service
from providers.simulator.wire.service import Settings as Settings
from providers.simulator.wire.shell_command import Start


class Server(Service):
    """The services of one estate at one port. A context manager: started when entered, stopped when left."""

    def __init__(
        self, estate: Estate, settings: Settings, faults: FaultPlan | None = None, start: Start | None = None
    ) -> None:
        super().__init__(estate, settings, faults, start)
        self._thread: threading.Thread | None = None
        try:
            self._http = Listener((settings.address, settings.port), self)
        except BaseException:
            self.accounts.close()
            raise

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> Server:
        """Accept connections from now on."""
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, name="simulator", daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Close every shell and connection, wait for every thread, remove the account file."""
        if self._thread is not None:
            self._http.shutdown()
            self._thread.join()
            self._thread = None
        self.shells.close()
        self._http.close_connections(for_good=True)
        self._http.server_close()
        self.shells.close()
        self.accounts.close()

    def close_connections(self) -> None:
        """Close every TCP connection, as a restart of http.sys does; shells live on."""
        self._http.close_connections()

    @property
    def port(self) -> int:
        return int(self._http.server_address[1])

    @property
    def url(self) -> str:
        scheme = "https" if self._tls else "http"
        address = self.settings.address
        return f"{scheme}://{f'[{address}]' if ':' in address else address}:{self.port}/wsman"
