"""No message shows a secret: not where its key is misspelt, its line broken, or its place a wrong one."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.catalogue import resource_types
from reconciler.config.environment import load
from reconciler.config.redaction import is_secret_name, shown, without_secret
from reconciler.config.source_text import Files
from reconciler.config.trust import parse_pinned
from reconciler.views.diagnostics import render_diagnostics
from reconciler.views.json_lines import JsonLines
from reconciler.views.style import Style
from tests.support.example_types import PROVIDERS

CANARY = "Kanarie7!x"


def told(text: str, **more: str) -> str:
    """Return everything that is said of files, for people and for machines."""
    files = {"a.yaml": text.encode(), **{name.replace("_", "."): content.encode() for name, content in more.items()}}
    _, found = load(Files(files), resource_types())
    assert found, "the file is wrong, and nothing is said"
    lines: list[str] = []
    JsonLines(lines.append).tell(*found)
    assert all(map(json.loads, lines))
    return render_diagnostics(found, Style()) + "".join(lines)


MISSPELT = [
    *("pasword", "passwrod", "paswd", "passord", "passwd", "Password", "PASSWORD", "psw", "pw", "pwd", "pass_word"),
    *("passphrase", "pasphrase", "secret", "secrt", "token", "credentials", "credental", "kennwort", "api_key", "pin"),
]


@pytest.mark.parametrize("key", MISSPELT)
def test_a_misspelt_key_hides_its_value_everywhere(key: str) -> None:
    for section in (
        "connections:\n  exchange:",
        "mailboxes:\n  -",
        "auto_attendants:\n  Main:",
        "conections:\n  lync:",
    ):
        for entry in (f"{{host: ex1.contoso.com, {key}: {CANARY}, port: x}}", f"{{{key}: '{CANARY} env:A'}}"):
            assert CANARY not in told(f"environment: a\n{section} {entry}\n")
        assert CANARY not in told(f"environment: a\n{section}\n    {key}: {CANARY}\n    port: x\n    y z\n")


@pytest.mark.parametrize(
    "lines",
    [
        f"login: {CANARY}",
        f"pass: {CANARY}",
        f"geheim: {CANARY}",
        f"{CANARY}",
        f"{CANARY}: ",
        f"password {CANARY}: a",
        f"password:{CANARY}",
        f"password: {CANARY}",
        f"password: env:UM {CANARY}",
        f'password: "{CANARY}',
        f"password: |\n      {CANARY}\n     x",
        f"password:\n      - {CANARY}",
        f"password:\n      {CANARY}: a",
        f"password: >\n\n      {CANARY}\n  \tx",
        f"login:\n      {CANARY}",
        f"hosts: {{ex2.contoso.com: {{pasword: {CANARY}}}}}",
        f"hosts:\n      ex2.contoso.com:\n        word: {CANARY}",
        f"auth: ntlm, password: {CANARY}",
        f"host: https://svc:{CANARY}@ex1.contoso.com",
        f"host: svc:{CANARY}@ex1.contoso.com",
        f"host: ex1.contoso.com:{CANARY}",
        f"hosts: {{'svc:{CANARY}@ex2.contoso.com': {{auth: ntlm}}}}",
        f"password: *{CANARY}",
        f"password: &{CANARY} env:UM",
        f"password: !{CANARY} env:UM",
        f"'pass word': {CANARY}",
        f"? password\n    : {CANARY}",
        f"*{CANARY}",
        f"&{CANARY} a",
        f"!{CANARY} a",
    ],
)
def test_a_connection_shows_the_values_of_its_plain_keys_alone(lines: str) -> None:
    text = f"environment: a\nconnections:\n  exchange:\n    port: x\n    {lines}\n"
    for tail in ("", "    user: svc\n", "  lync: }\n", "   \tx: y\n"):
        assert CANARY not in told(text + tail)
        _, found = parse_pinned("pins.yaml", (text + tail).partition("\n")[2].encode(), PROVIDERS)
        assert CANARY not in render_diagnostics(found, Style())


def test_what_is_wrong_and_no_secret_is_shown() -> None:
    said = told("environment: a\nconnections:\n  exchange: {host: ex1 contoso, auth: kerbros, prot: 5986}\n")
    assert "host: ex1 contoso, auth: kerbros, prot: ***" in said
    assert 'Did you mean "port"?' in said
    said = told(
        "environment: a\nmailboxes:\n  - {identity: a, sip_adress: a@b, min_pin_length: 4, min_pin_length: 5}\n"
    )
    assert "sip_adress: a@b, min_pin_length: 4" in said


@pytest.mark.parametrize("column", ["pasword", "pin", "PIN code", "initial_pin", "passwort"])
def test_a_line_of_rows_with_a_column_for_secrets_is_not_shown(column: str) -> None:
    text = "environment: a\nmailboxes: [{file: a.csv}]\n"
    for rows in (f"{CANARY},a,b\n", f"{CANARY}\n", f'"{CANARY},a\n', "1E+12,a\n"):
        said = told(text, a_csv=f"{column},identity\n{rows}")
        assert CANARY not in said
        assert "1E+12" not in said


def test_secrets_of_pinned_connections_are_not_shown_where_hosts_belong() -> None:
    text = f"connections: {{}}\nsecrets:\n  UM_PASSWORD: '{CANARY}'\n  x {CANARY}: a\n"
    _, found = parse_pinned("pins.yaml", text.encode(), PROVIDERS)
    assert len(found) == 2
    assert CANARY not in render_diagnostics(found, Style())


NAMES = st.sampled_from(["password", "passphrase", "credential", "secret"])


@given(NAMES, st.data())
def test_a_name_with_one_letter_wrong_is_one_for_secrets(name: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(name) - 1))
    letter = data.draw(st.sampled_from(["", "x", name[place] * 2]))
    assert is_secret_name(name[:place] + letter + name[place + 1 :])


def test_no_attribute_of_a_type_is_taken_for_a_secret() -> None:
    names = {name for kind in resource_types() for name in kind.attributes}
    assert {name for name in names if is_secret_name(name)} == set()


def test_a_reference_is_shown() -> None:
    line = "  exchange: {host: ex1.contoso.com, password: env:UM_PASSWORD, port: 5986}"
    assert without_secret(line) == line
    assert shown(line, "connections", ["connections:"]) == line
