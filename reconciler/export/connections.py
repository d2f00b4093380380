"""Writes the settings of an environment that are not resources: connections with references only, and options."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum

from reconciler.config.connections import KEYS, ConnectionConfig
from reconciler.config.written import as_comment, as_yaml
from reconciler.model.landscape import Settings
from reconciler.model.options import Section

_KEYS = (*KEYS, "adapter")
_FILES = ("ca", "certificate", "certificate_key")


def connections_text(connections: Mapping[str, ConnectionConfig]) -> str:
    """Return the section ``connections``. A password is the reference that was written; no secret was ever read."""
    lines = ["connections:"]
    for connection, config in sorted(connections.items()):
        default = ConnectionConfig(config.host)
        values = {name: getattr(config, name) for name in _KEYS}
        lines.append(f"  {connection}:")
        lines += [f"    {name}: {_shown(value)}" for name, value in values.items() if _is_written(name, value, default)]
        if config.hosts:
            lines.append("    hosts:")
        for host, own in sorted(config.hosts.items()):
            lines.append(f"      {as_yaml(host)}:")
            lines += [f"        {name}: {_shown(own[name])}" for name in _KEYS if name in own]
    if files := sorted({name for config in connections.values() for name in _files(config)}):
        names = ", ".join(files)
        lines += as_comment(f"These names of files start in the directory of the environment: {names}.", "  ")
    return "\n".join(lines)


def _is_written(name: str, value: object, default: ConnectionConfig) -> bool:
    return name == "host" or (value is not None and value != getattr(default, name))


def _shown(value: object) -> str:
    if isinstance(value, Enum):
        return as_yaml(str(value.value))
    return as_yaml(value if isinstance(value, bool | int) else str(value))


def _files(config: ConnectionConfig) -> list[str]:
    """Return the relative names of files in a connection."""
    alone = (config, *(config.for_host(host) for host in config.hosts))
    named = [str(value) for one in alone for key in _FILES if (value := getattr(one, key))]
    named += [secret.name for secret in config.secrets if secret.scheme == "file"]
    return [name for name in named if not name.startswith("/")]


def options_text(settings: Settings, sections: Iterable[Section]) -> str:
    """Return the sections of options with the values that differ from the defaults; '' where none does."""
    return "\n".join(line for section in sections for line in _section(settings, section))


def _section(settings: Settings, section: Section) -> list[str]:
    changed = [
        f"  {key}: {option.write(settings.option(option))}"
        for key, option in zip(section.keys, section.options, strict=True)
        if settings.option(option) != option.default
    ]
    return [f"{section.name}:", *changed] if changed else []
