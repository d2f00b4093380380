"""Environments of the example types, from the text of their files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from providers.cmdlets.products import EXCHANGE
from reconciler.config.connections import ConnectionConfig
from reconciler.config.environment import Environment, load
from reconciler.config.source_text import Files
from reconciler.model.resource_types import ResourceType
from tests.support.example_types import EXAMPLE_TYPES

SECTIONS = {
    "environment": "environment: contoso\n",
    "restarts": "restarts: {settle: 0s, interrupt: allow}\n",
    "exchange": "connections:\n  exchange: {host: EX1.contoso.com, auth: ntlm, user: svc, password: env:UM}\n",
    "lync": "connections:\n  lync: {host: fe1.contoso.com}\n",
    "redmond": 'dial_plans:\n  Redmond: {extension_digits: 5, access_numbers: ["+2", "+1"]}\n',
    "berlin": "dial_plans:\n  Berlin:\n    extension_digits: 4\n    pool: pool1.contoso.com\n",
    "attendants": "auto_attendants:\n  Main: {dial_plan: Redmond, fallback: Night}\n  Night: {dial_plan: redmond}\n",
    "csv": "mailboxes:\n- {file: users.csv, defaults: {policy: Redmond/default, wave: 1}}\n",
    "rows": "mailboxes:\n- {identity: dora@contoso.com, extension: 0044, policy: Berlin/default}\n",
    "yaml": "mailboxes:\n- file: more/users.yaml\n",
}
ROWS = {
    "users.csv": "\ufeffidentity;extension;wave;extensions\r\n"
    "alice@contoso.com;00042;;1|2\r\nbob@contoso.com;00043;2;3\r\n",
    "more/users.yaml": "- identity: smtp:Carol@contoso.com\n  extension: 0045\n  dial_plan: Berlin\n",
}


def files(contents: Mapping[str, str | bytes]) -> Files:
    return Files({name: text.encode() if isinstance(text, str) else text for name, text in contents.items()})


def loaded(contents: Mapping[str, str | bytes], types: Sequence[ResourceType] = EXAMPLE_TYPES) -> Environment:
    environment, found = load(files(contents), types)
    assert found == ()
    assert environment is not None
    return environment


def refused(contents: Mapping[str, str | bytes]) -> list[tuple[str, str]]:
    environment, found = load(files(contents), EXAMPLE_TYPES)
    assert environment is None
    return [(one.summary, str(one.position)) for one in found]


def connection(text: str) -> ConnectionConfig:
    return loaded({"a.yaml": f"environment: x\nconnections:\n  exchange: {text}\n"}).connections[EXCHANGE.connection]


WHOLE = {**{f"{name}.yaml": text for name, text in SECTIONS.items()}, **ROWS}
