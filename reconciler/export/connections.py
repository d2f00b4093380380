"""Writes the settings of an environment that are not resources: connections with references only, and options."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from enum import Enum

from reconciler.config.connections import KEYS, ConnectionConfig, SecretReference
from reconciler.config.written import as_yaml
from reconciler.model.landscape import Settings
from reconciler.model.options import Section

_KEYS = (*KEYS, "adapter")


def connections_text(connections: Mapping[str, ConnectionConfig], path: Callable[[str], str]) -> str:
    """Return the section ``connections``. A password is the reference that was written; no secret was ever read.

    Args:
        path: returns the name of a file as it is from the directory of the new environment.
    """
    lines = ["connections:"]
    for connection, config in sorted(_relocated(connections, path)):
        default = ConnectionConfig(config.host)
        values = {name: getattr(config, name) for name in _KEYS}
        lines.append(f"  {connection}:")
        lines += [f"    {name}: {_shown(value)}" for name, value in values.items() if _is_written(name, value, default)]
        if config.hosts:
            lines.append("    hosts:")
        for host, own in sorted(config.hosts.items()):
            lines.append(f"      {as_yaml(host)}:")
            lines += [f"        {name}: {_shown(own[name])}" for name in _KEYS if name in own]
    return "\n".join(lines)


def _relocated(
    connections: Mapping[str, ConnectionConfig], path: Callable[[str], str]
) -> Iterator[tuple[str, ConnectionConfig]]:
    """Yield the connections with the names of their files, those of passwords too, as ``path`` returns them."""

    def located(password: SecretReference) -> SecretReference:
        return replace(password, name=path(password.name)) if password.scheme == "file" else password

    for connection, config in connections.items():
        moved = config.with_paths(path)
        hosts = {
            host: {**own, "password": located(own["password"])} if own.get("password") else own
            for host, own in moved.hosts.items()
        }
        yield connection, replace(moved, password=located(moved.password) if moved.password else None, hosts=hosts)


def _is_written(name: str, value: object, default: ConnectionConfig) -> bool:
    return name == "host" or (value is not None and value != getattr(default, name))


def _shown(value: object) -> str:
    if isinstance(value, Enum):
        return as_yaml(str(value.value))
    return as_yaml(value if isinstance(value, bool | int) else str(value))


def options_text(settings: Settings, sections: Iterable[Section]) -> str:
    """Return the sections of options with the values that differ from the defaults; '' where none does."""
    return "\n\n".join("\n".join(lines) for section in sections if (lines := _section(settings, section)))


def _section(settings: Settings, section: Section) -> list[str]:
    changed = [
        f"  {key}: {option.write(settings.option(option))}"
        for key, option in zip(section.keys, section.options, strict=True)
        if settings.option(option) != option.default
    ]
    return [f"{section.name}:", *changed] if changed else []
