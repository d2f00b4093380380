"""One cmdlet line as typed: what is understood, and that nothing is ever evaluated."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.simulator.estate.estate import CmdletError
from providers.simulator.estate.invoke import invoke_line, invoke_text
from providers.simulator.invocation.cmdlet_line import parse_line, parse_pipeline
from reconciler.model.commands import write
from reconciler.model.diagnostics import ReconcilerError
from tests.support.cli import little
from tests.support.worlds import estate_of


@pytest.mark.parametrize(
    ("text", "named", "positional"),
    [
        ("Get-UMIPGateway", {}, []),
        ("Get-UMIPGateway '1:1'", {}, ["1:1"]),
        ("Set-UMIPGateway -Identity '1:1' -OutcallsAllowed $true", {"Identity": "1:1", "OutcallsAllowed": True}, []),
        ("Set-UMIPGateway -Identity:1:1 -OutcallsAllowed:$FALSE", {"Identity": "1:1", "OutcallsAllowed": False}, []),
        ('X-Y -A \'it\'\'s\' -B "a `"b`" ""c"""', {"A": "it's", "B": 'a "b" "c"'}, []),
        ("X-Y -A a,b, 'c d' -B @('x') -C @()", {"A": ["a", "b", "c d"], "B": ["x"], "C": []}, []),
        ("X-Y -A @{Add='a','b';Remove=c}", {"A": {"$add": ["a", "b"], "$remove": ["c"]}}, []),
        (
            "X-Y -A $null -Switch -B 5 -C 005 -D +1425 -E -3",
            {"A": None, "Switch": True, "B": 5, "C": "005", "D": "+1425", "E": -3},
            [],
        ),
        ("X-Y -Filter {EnterpriseVoiceEnabled -eq $true}", {"Filter": "EnterpriseVoiceEnabled -eq $true"}, []),
    ],
)
def test_a_line_is_read_as_powershell_would(text: str, named: dict[str, Any], positional: list[Any]) -> None:
    cmdlet, found, values = parse_line(text)
    assert (cmdlet, found, values) == (text.split()[0], named, positional)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "whoami",
        "Get-X $env:PATH",
        "Get-X $(whoami)",
        "Get-X -A $var",
        "Get-X | Remove-X",
        "Get-X; Remove-X",
        "Get-X & calc",
        "Get-X > file",
        'Get-X "$a"',
        "Get-X 'open",
        "Get-X -A @{Add='a'",
        "Get-X -A @{Other='a'}",
        "Get-X -A 1 -a 2",
        "'Get-X'",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_line(text)


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("Get-X", ("*",)),
        ("Get-X | Format-List", ("*",)),
        ("Get-X 'a|b' | fl Name,Out*", ("Name", "Out*")),
        ("Get-X -Switch | select-object -Property Name, 'Guid' | Format-List", ("Name", "Guid")),
    ],
)
def test_a_pipeline_chooses_properties(text: str, chosen: tuple[str, ...]) -> None:
    (cmdlet, _, _), found = parse_pipeline(text)
    assert (cmdlet, tuple(found)) == ("Get-X", chosen)


def test_records_are_shown_as_a_list_of_the_chosen_properties() -> None:
    estate = estate_of(plans={"Redmond": 5, "Dublin": 4})
    shown = invoke_text(estate, "Get-UMDialPlan | Format-List name,*InExtension,UMServers,Nope")
    dublin, redmond = sorted(shown.split("\n\n")[:-1])
    assert dublin.splitlines()[0] == "Name                      : Dublin"
    assert redmond.splitlines()[1:] == ["NumberOfDigitsInExtension : 5", "UMServers                 : {}"]


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        parse_pipeline("Get-X " + text)
    except ValueError:
        return


@given(
    st.dictionaries(
        st.from_regex(r"[A-Z][a-z]{1,8}", fullmatch=True),
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(0, 10**9),
            st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=12),
            st.lists(st.text("ab' +", min_size=1, max_size=4), min_size=2, max_size=3).map(tuple),
        ),
        max_size=4,
    )
)
def test_what_a_plan_shows_can_be_typed(parameters: dict[str, Any]) -> None:
    shown = str(write("Set-Thing", **parameters))
    _, named, _ = parse_line(shown)
    told = {name: list(value) if isinstance(value, tuple) else value for name, value in parameters.items()}
    plain = {name: str(value) if type(value) is int else value for name, value in told.items()}
    assert {name: str(value) if type(value) is int else value for name, value in named.items()} == plain


def test_a_line_runs_on_the_first_host_that_has_the_cmdlet_as_somebody_else() -> None:
    estate = estate_of(gateways=[{"name": "1:1", "Address": "pool1.contoso.com"}])
    invoke_line(estate, "set-umipgateway '1:1' -OutcallsAllowed $false")
    assert invoke_line(estate, "Get-UMIPGateway").records[0]["OutcallsAllowed"] is False
    assert invoke_line(estate, "Get-CsPool pool1.contoso.com").records[0]["Fqdn"] == "pool1.contoso.com"
    assert [entry["host"] for entry in estate.log()][-1] == "fe1.contoso.com"
    assert {entry["user"] for entry in estate.log()} == {"CONTOSO\\Administrator"}


def test_a_line_runs_on_the_host_that_is_named() -> None:
    estate = estate_of()
    invoke_line(estate, "Restart-Service MSExchangeUM", host="EX2.contoso.com")
    assert estate.log()[-1]["host"] == "ex2.contoso.com"
    with pytest.raises(ValueError, match="there is no host"):
        invoke_line(estate, "Get-UMDialPlan", host="ex9.contoso.com")


def test_exchucutil_is_run_by_name_or_path() -> None:
    estate = estate_of(plans={"Redmond": 5})
    assert "pool1.contoso.com" in invoke_line(estate, ".\\ExchUCUtil.ps1 -Forest contoso.com").output
    assert estate.log()[-1]["operation"] == "script"


def test_an_error_of_the_cmdlet_is_that_of_the_cmdlet() -> None:
    with pytest.raises(CmdletError) as caught:
        invoke_line(estate_of(), "Get-UMDialPlan Nope")
    assert caught.value.type == "ManagementObjectNotFoundException"


def test_a_position_is_bound_by_the_cmdlet() -> None:
    estate = estate_of()
    with pytest.raises(CmdletError) as caught:
        invoke_line(estate, "Get-UMDialPlan a b")
    assert caught.value.error_id == "PositionalParameterNotFound,Get-UMDialPlan"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("Get-UMIPGateway | Set-UMIPGateway", "a pipeline may only lead to Format-List or Select-Object"),
        ("Get-UMIPGateway | Format-List -GroupBy Name", "-GroupBy"),
        ("Get-UMIPGateway |", "the line ends"),
        ("Get-UMDialPlan; Get-UMIPGateway", "only one cmdlet runs at a time"),
        ("Get-UMDialPlan -Identity $plan", "variables and expressions are not evaluated"),
        ("Get-UMDialPlan -Identity $plan.Name", "variables and expressions are not evaluated"),
        ("Set-UMIPGateway (Get-UMIPGateway)", "variables and expressions are not evaluated"),
        ("$plan = Get-UMDialPlan", "a line must begin with a cmdlet"),
        ("& Get-UMDialPlan", "call operators are not supported"),
        ("Get-UMDialPlan > plans.txt", "redirection is not supported"),
    ],
)
def test_what_is_more_than_one_cmdlet_is_refused_with_what_to_write(line: str, said: str, tmp_path: Path) -> None:
    estate = little(tmp_path / "env")
    with pytest.raises(ReconcilerError) as refused:
        estate.invoke(line)
    (told,) = refused.value.diagnostics
    assert (told.summary, said in told.detail) == ("Command not understood", True), told.detail
