"""The ``connections`` section: the entry points of the estate and how to open a session to them.

A secret must be a reference (``env:NAME``, ``file:PATH``, ``keyring:SERVICE/USER``). No message repeats another value
in its place, because that value may be the secret itself.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from reconciler.config.redaction import HIDDEN, is_secret_name, may_be_shown, without_secret
from reconciler.config.yaml_reader import Node
from reconciler.model.commands import Authentication
from reconciler.model.diagnostics import Diagnostic, Position, did_you_mean, nearest
from reconciler.model.options import Key
from reconciler.model.provider import Provider
from reconciler.model.values import EMPTY


@dataclass(frozen=True, slots=True)
class SecretReference:
    """Where a secret is kept: ``env:NAME``, ``file:PATH`` or ``keyring:SERVICE/USER``. It never holds the secret."""

    scheme: str
    name: str
    position: Position | None = field(default=None, compare=False)
    """The place of the reference in the file."""

    def __str__(self) -> str:
        return f"{self.scheme}:{self.name}"

    @classmethod
    def parse(cls, text: str) -> SecretReference:
        """Return ``text`` as a reference.

        Raises:
            ValueError: it is not a reference; the message does not repeat it.
        """
        match = _SECRET.fullmatch(text)
        if match is None:
            raise ValueError("is not a reference")
        return cls(match["scheme"], match["name"])


_SECRET = re.compile(
    r"(?P<scheme>env(?=:[A-Za-z_]\w*\Z)|file(?=:\S)|keyring(?=:[^/\s][^/]*/\S)):(?P<name>.{1,1024})", re.ASCII
)


@dataclass(frozen=True, slots=True)
class ConnectionConfig:
    """How to reach one entry point. ``port`` None: 5986 with TLS, 5985 without."""

    host: str
    port: int | None = None
    tls: bool = True
    ca: str | None = None
    """PEM file of the authorities to trust instead of the public ones from certifi."""
    auth: Authentication = Authentication.KERBEROS
    user: str | None = None
    password: SecretReference | None = None
    certificate: str | None = None
    """PEM file of the client certificate, for ``auth: certificate``."""
    certificate_key: str | None = None
    """PEM file of its private key."""
    adapter: str | None = None
    """One of the provider's ways to reach its cmdlets; None for its default."""
    delegate: bool = False
    """Kerberos: forward the ticket, so that the host may log on elsewhere as the user (the second hop)."""
    slots: int | None = None
    """The most sessions to one host at the same time; None: the default of the transport."""
    hosts: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: EMPTY)
    """The keys of this value that differ on a host, by FQDN in lower case."""

    def for_host(self, host: str) -> ConnectionConfig:
        """Return the connection to ``host``: the settings of this one with the overrides for the host."""
        return replace(self, **{"host": host, **self.hosts.get(host.casefold(), EMPTY), "hosts": EMPTY})

    def with_paths(self, path: Callable[[str], str]) -> ConnectionConfig:
        """Return the connection with each name of a file as ``path`` returns it."""

        def located(values: Mapping[str, Any]) -> dict[str, Any]:
            return {key: path(name) for key in ("ca", "certificate", "certificate_key") if (name := values.get(key))}

        hosts = {host: {**own, **located(own)} for host, own in self.hosts.items()}
        own = {"ca": self.ca, "certificate": self.certificate, "certificate_key": self.certificate_key}
        return replace(self, **located(own), hosts=hosts)

    @property
    def secrets(self) -> tuple[SecretReference, ...]:
        """The secrets that a session needs; the key file of a client certificate is one of them."""
        alone = (self, *(self.for_host(host) for host in self.hosts))
        all_of_them = (secret for one in alone for secret in (one.password, _key_file(one.certificate_key)))
        return tuple(dict.fromkeys(secret for secret in all_of_them if secret is not None))

    @property
    def has_second_hop(self) -> bool:
        """True where a process on the host can log on to other servers as the account."""
        return self.auth is Authentication.CREDSSP or (self.auth is Authentication.KERBEROS and self.delegate)


def _key_file(name: str | None) -> SecretReference | None:
    return SecretReference("file", name) if name else None


# --- keys ------------------------------------------------------------------------------------------------------------


_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")


def _host(text: str) -> str:
    if len(text) <= 253 and _HOST.fullmatch(text):
        return text.lower()
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise ValueError("is not a host name: write it without scheme, port or path, such as ex1.contoso.com") from None


_ACCOUNT = re.compile(r"@|:(?!//|[0-9]*(?:/|$))")
"""Part of ``USER:PASSWORD@HOST``; the colon before a port does not match."""


def _shown(text: str) -> str:
    """Return an invalid value without the secret it may hold."""
    text = without_secret(text)
    return HIDDEN if "://" not in text and _ACCOUNT.search(text) else text


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text[:6]) < 65_536:
        return int(text)
    raise ValueError("is not a port: write a number from 1 to 65535")


def _slots(text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text[:3]) <= 64:
        return int(text)
    raise ValueError("is not a number of sessions: write a number from 1 to 64")


def truth(text: str) -> bool:
    """Return ``true`` or ``false`` as a bool."""
    if text.lower() not in ("true", "false"):
        raise ValueError("is not true or false")
    return text.lower() == "true"


def _text(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty")
    return text


_TEXT: Mapping[str, object] = {"type": "string", "minLength": 1}


def _choice(choices: Mapping[str, Any], doc: str) -> Key:
    """Return a key that takes one of the values by name."""

    def parse(text: str) -> Any:
        if text not in choices:
            raise ValueError(f"is not one of {', '.join(choices)}")
        return choices[text]

    return Key(parse, {"enum": [*choices]}, doc)


KEYS: Mapping[str, Key] = {
    "host": Key(_host, _TEXT, "FQDN of the entry point. reconciler discovers the other hosts through it."),
    "port": Key(_port, {"type": ["integer", "string"], "minimum": 1, "maximum": 65_535, "pattern": "^[0-9]{1,5}$"},
                "TCP port. Default: 5986 with TLS, 5985 without."),
    "tls": Key(truth, {"type": ["boolean", "string"], "pattern": "^([Tt]rue|TRUE|[Ff]alse|FALSE)$"},
               "Use HTTPS. Default: true."),
    "ca": Key(_text, _TEXT, "PEM file of the certificate authorities to trust instead of the public ones."),
    "auth": _choice({one.value: one for one in Authentication}, "How the account logs on. Default: kerberos."),
    "user": Key(_text, {"type": ["string", "number"], "minLength": 1},
                "Account that logs on, such as CONTOSO\\service or service@CONTOSO.COM."),
    "password": Key(SecretReference.parse, {"type": "string", "pattern": "^(env:[A-Za-z_]|file:|keyring:)"},
                    "Reference to the password: env:NAME, file:PATH or keyring:SERVICE/USER."),
    "certificate": Key(_text, _TEXT, "PEM file of the client certificate, for auth: certificate."),
    "certificate_key": Key(_text, _TEXT, "PEM file of the private key of the client certificate."),
    "delegate": Key(truth, {"type": ["boolean", "string"], "pattern": "^([Tt]rue|TRUE|[Ff]alse|FALSE)$"},
                    "With kerberos: forward the ticket, because scripts on the host may need it. Default: false."),
    "slots": Key(_slots, {"type": ["integer", "string"], "minimum": 1, "maximum": 64, "pattern": "^[0-9]{1,2}$"},
                 "The most sessions to one host at the same time. apply finds out how many the host runs well. "
                 "Default: 16."),
}  # fmt: skip
"""The keys of a connection to any provider, except ``hosts``."""


def keys_of(provider: Provider) -> Mapping[str, Key]:
    """Return the keys of a connection to one provider, except ``hosts``."""
    ways = {way: way for way in provider.adapters}
    doc = f"How to reach the cmdlets of {provider.product} on a host. Default: {provider.adapters[0]}."
    return {**KEYS, "adapter": _choice(ways, doc)}


# --- reading the section ---------------------------------------------------------------------------------------------


def parse_connection(node: Node, provider: Provider, found: list[Diagnostic]) -> ConnectionConfig | None:
    """Return the connection in a mapping; add its errors to ``found``."""
    where, keys = f"connections.{provider.name}", keys_of(provider)
    if not expect_mapping(node, where, found):
        return None
    before = len(found)
    values = _values(node, where, keys, {*keys, "hosts"}, found)
    hosts: dict[str, Mapping[str, Any]] = {}
    for host, own in _hosts(node, where, found):
        if host in hosts:
            detail = f'"{where}.hosts" holds {host} twice.'
            found.append(own.diagnostic("Duplicate key", detail, "Remove one of the two.", on_key=True))
        hosts[host] = _values(own, f"{where}.hosts", keys, set(keys) - {"host"}, found)
    if "host" not in values and "host" not in dict(node.items()):
        remedy = f"Add the FQDN of a server:\n\n    host: {provider.example}"
        found.append(node.diagnostic("Missing key", f'"{where}" has no host.', remedy, on_key=True))
    if len(found) > before:
        return None
    config = ConnectionConfig(**values, hosts=hosts)
    found += _contradictions(config, node, where)
    return config


def _hosts(node: Node, where: str, found: list[Diagnostic]) -> list[tuple[str, Node]]:
    hosts = dict(node.items()).get("hosts")
    if hosts is None or not expect_mapping(hosts, f"{where}.hosts", found):
        return []
    named: list[tuple[str, Node]] = []
    for host, own in hosts.items():
        try:
            name = _host(host)
        except ValueError as error:
            found.append(own.diagnostic("Invalid value", f'"{_shown(host)}" {error}.', "Write the FQDN.", on_key=True))
            continue
        if expect_mapping(own, f"{where}.hosts.{name}", found):
            named.append((name, own))
    return named


def _values(
    node: Node, where: str, keys: Mapping[str, Key], allowed: set[str], found: list[Diagnostic]
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, child in node.items():
        if key not in allowed:
            found.append(_unknown_here(child, key, where, allowed))
        elif key != "hosts":
            parsed = parse_key(child, key, keys[key], found)
            if parsed is not None:
                values[key] = parsed
    return values


def _unknown_here(node: Node, key: str, where: str, known: Collection[str]) -> Diagnostic:
    """Return the error about an unknown key of a connection; a key that may be a misplaced secret is not shown."""
    is_near = bool(nearest(key, known)) or is_secret_name(key)
    if may_be_shown(key) and (node.value is not None or is_near):
        return unknown_key(node, key, where, known)
    detail = f'"{where}" has an unknown key. The message hides it, because it may be a secret.'
    remedy = f"Write KEY: VALUE, with a space after the colon. {did_you_mean('', known)}"
    return Diagnostic("Unknown key", detail, remedy, position=node.position(on_key=True))


def parse_key(node: Node, name: str, key: Key, found: list[Diagnostic], hiding: Callable[[str], str] = _shown) -> Any:
    """Return the value of one key of a fixed section; None, with the error in ``found``, where it is invalid.

    Args:
        hiding: returns an invalid value as messages may show it.
    """
    if name == "password":
        return _secret(node, found)
    if key.is_by_name:
        return _parse_by_name(node, name, key, found)
    if not isinstance(node.value, str):
        detail = f'"{name}" is {_kind(node)}. It must be one value.'
        found.append(node.diagnostic("Invalid value", detail, f"Correct it. {key.doc}", on_key=node.value is None))
        return None
    try:
        return key.parse(node.value)
    except ValueError as error:
        detail = f'"{name}" is "{hiding(node.value)}". This {error}.'
        found.append(node.diagnostic("Invalid value", detail, f"Correct it. {key.doc}"))
        return None


def _parse_by_name(node: Node, name: str, key: Key, found: list[Diagnostic]) -> Mapping[str, Any] | None:
    """Return the values of a mapping by name in small letters; None if one is invalid, with the errors in ``found``."""
    if not isinstance(node.value, dict):
        detail = f'"{name}" is {_kind(node)}. It must be names, each with one value.'
        found.append(node.diagnostic("Invalid value", detail, f"Correct it. {key.doc}", on_key=node.value is None))
        return None
    of_each = replace(key, is_by_name=False)
    values: dict[str, Any] = {}
    for each, written in node.items():
        if each.lower() in values:
            detail = f'"{each}" is written twice under "{name}", in different case.'
            found.append(written.diagnostic("Duplicate key", detail, "Remove one of them.", on_key=True))
        values[each.lower()] = parse_key(written, each, of_each, found, without_secret)  # no URL: a colon is a time
    return values if None not in values.values() else None


def _secret(node: Node, found: list[Diagnostic]) -> SecretReference | None:
    try:
        reference = SecretReference.parse(node.value if isinstance(node.value, str) else "")
        return replace(reference, position=node.position())
    except ValueError:
        remedy = (
            "Keep the password outside the repository. Write a reference to it: env:NAME, file:PATH or "
            "keyring:SERVICE/USER.\nIf you committed the password, change it: Git keeps it in the history."
        )
        detail = '"password" is not a reference. The message hides the value, because it may be the password.'
        found.append(node.diagnostic("Literal secret", detail, remedy, on_key=True))
        return None


def _contradictions(config: ConnectionConfig, node: Node, where: str) -> list[Diagnostic]:
    found: list[Diagnostic] = []
    if config.auth in (Authentication.BASIC, Authentication.NTLM, Authentication.CREDSSP):
        missing = [key for key in ("user", "password") if getattr(config, key) is None]
    elif config.auth is Authentication.CERTIFICATE:
        missing = [key for key in ("certificate", "certificate_key") if getattr(config, key) is None]
    else:
        missing = []
        if config.password is not None:
            detail = (
                f'"{where}" has auth: kerberos and a password. Kerberos logs on with a ticket and ignores the password.'
            )
            remedy = "Remove password. Get a ticket with kinit, or name a keytab in KRB5_CLIENT_KTNAME."
            found.append(node.diagnostic("Unused password", detail, remedy, on_key=True))
    for key in missing:
        detail = f'"{where}" has auth: {config.auth.value}, which needs {key}.'
        found.append(node.diagnostic("Missing key", detail, f"Add {key}. {KEYS[key].doc}", on_key=True))
    return found


def parse_connections(
    parts: Mapping[str, Node], providers: Mapping[str, Provider], found: list[Diagnostic]
) -> tuple[Mapping[str, ConnectionConfig], str | None]:
    """Return the connections by name, and the simulator's world file, from the keys of the section."""
    known = [*providers, "simulator"]
    connections: dict[str, ConnectionConfig] = {}
    for name, node in parts.items():
        if name not in known:
            found.append(_unknown_here(node, name, "connections", known))
        elif name != "simulator":
            config = parse_connection(node, providers[name], found)
            if config is not None:
                connections[name] = config
    simulator = parts.get("simulator")
    if simulator is None:
        return connections, None
    if len(parts) > 1:
        detail = "The simulator replaces every server. The other connections would have no effect."
        remedy = 'Remove "simulator", or the other connections.'
        found.append(simulator.diagnostic("Contradicting connections", detail, remedy, on_key=True))
    return connections, simulator.value.removeprefix("./") if isinstance(simulator.value, str) else None


def expect_mapping(node: Node, where: str, found: list[Diagnostic]) -> bool:
    """True where ``node`` is a mapping; add the error to ``found`` otherwise."""
    if isinstance(node.value, dict):
        return True
    found.append(
        node.diagnostic("Invalid value", f'"{where}" is {_kind(node)}. It must be a mapping.',
                        "Write its keys below it, indented, each with a value.", on_key=True)
    )  # fmt: skip
    return False


def _kind(node: Node) -> str:
    match node.value:
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case None:
            return "empty"
        case str():
            return "one value"


def unknown_key(node: Node, key: str, where: str, known: Any) -> Diagnostic:
    """Return the error about an unknown key of a fixed section."""
    detail = f'{where} has no key "{key}".' if where else f'An environment has no section "{key}".'
    return node.diagnostic("Unknown key", detail, did_you_mean(key, known), on_key=True)
