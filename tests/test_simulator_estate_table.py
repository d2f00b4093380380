"""The table of cmdlets as it is made from the published reference."""

import json

from providers.simulator.generate_cmdlets import TABLE, table, text


def _parameter(**told: object) -> dict[str, object]:
    return {
        "type": "String",
        "position": "Named",
        "aliases": [],
        "parameter_sets": ["(All)"],
        "accepted_values": None,
        "applicable": ["Exchange Server 2013", "Exchange Online"],
        **told,
    }


REFERENCE = {
    "Get-Cloud": {
        "module": "ExchangePowerShell",
        "applicable": ["Exchange Online"],
        "parameter_set_names": ["(All)"],
        "mandatory": [[]],
        "parameters": {},
    },
    "New-Thing": {
        "module": "ExchangePowerShell",
        "applicable": ["Exchange Server 2013", "Exchange Server 2016", "Exchange Online"],
        "parameter_set_names": ["A", "B"],
        "mandatory": [["Name"], []],
        "parameters": {
            "Name": _parameter(
                position=1, parameter_sets=["A"], applicable=["Exchange Server 2013", "Exchange Server 2016"]
            ),
            "Mode": _parameter(type="Some.Space.Mode", accepted_values=["One", "Two"]),
            "Size": _parameter(type="A.Unlimited`1[System.UInt32]", aliases=["s"]),
            "Cloud": _parameter(applicable=["Exchange Online"]),
        },
    },
}


def test_only_what_binding_needs_of_versions_that_can_be_is_kept() -> None:
    made = table(REFERENCE, {})["cmdlets"]
    assert "Get-Cloud" not in made
    assert made["New-Thing"] == {
        "product": "exchange",
        "versions": ["e2013", "e2016"],
        "sets": ["A", "B"],
        "mandatory": [["Name"], []],
        "default": "B",
        "parameters": {
            "Name": {"type": "String", "position": 1, "sets": [0]},
            "Mode": {"type": "Mode", "values": ["One", "Two"], "versions": ["e2013"]},
            "Size": {"type": "Unlimited", "aliases": ["s"], "versions": ["e2013"]},
        },
    }


def test_the_text_of_a_table_reads_back_and_names_its_maker() -> None:
    content = table(REFERENCE, {})
    assert json.loads(text(content)) == content
    assert "generate_cmdlets.py" in json.loads(TABLE.read_text(encoding="utf-8"))["about"][0]
