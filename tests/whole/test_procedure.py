"""Microsoft's procedure, typed into the lab as it is printed: the engine adopts what it leaves, and sends nothing.

The procedure is that of Gg398129, whose commands are those of Exchange 2007. Three places differ from the page, because
no version of Exchange takes all of its lines:

- ``set-umserver`` on 2007, and ``get-umservice`` on 2013. The page reads with one and writes with the other.
- ``-CountryOrRegionCode`` on 2013, where New-UMDialPlan asks for it.
- On 2013 what other pages add: the mode of both services, their dial plans on the call router, and a restart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from providers.simulator.answers import CmdletError
from providers.simulator.estate.invoke import invoke_line, invoke_text
from providers.simulator.invocation.cmdlet_line import LineError
from providers.simulator.powershell.console import run_console
from reconciler.app.simulated_world import powershell_program
from reconciler.model.resources import Address
from tests.support.trial import Trial, environment_of
from tests.support.two_hosts import powershell
from tests.support.worlds import world_of


@dataclass(frozen=True)
class Version:
    """One version of Exchange, with the names that the procedure has there."""

    build: str
    reads: str
    writes: str
    country: str = ""

    @property
    def is_modern(self) -> bool:
        return bool(self.country)


VERSIONS = {
    "2007": Version("8.3.83.6", "get-umserver", "set-umserver"),
    "2013": Version("15.0.1497.2", "get-umservice", "set-umservice", " -CountryOrRegionCode 1"),
}
ENTRY, FRONT_END = "ex1.contoso.com", "fe1.contoso.com"
CONTEXT = "Redmond.contoso.com"


def begins(version: Version) -> list[str]:
    """Steps 1 and 2."""
    return [
        'New-UMDialPlan -Name Redmond -UriType "SipName" -VoipSecurity Secured -NumberOfDigitsInExtension 5'
        f" -AccessTelephoneNumbers +14255550100{version.country}",
        "(Get-UMDialPlan Redmond).PhoneContext",
    ]


def binds(version: Version) -> list[str]:
    """Step 4: the recipe for each of the two servers."""
    return [
        f"$ums={version.reads};\n$dp=get-umdialplan -id Redmond;\n"
        f"$ums[{number}].DialPlans +=$dp.Identity;\n{version.writes} -instance $ums[{number}]"
        for number in (0, 1)
    ]


ENDS = (
    "Set-UMIPGateway 1:2 -OutcallsAllowed $false",
    "New-umautoattendant -name RedmondMain -umdialplan Redmond -PilotIdentifierList +14255550190 -SpeechEnabled $true"
    " -Status Enabled",
    *(
        f'enable-ummailbox -id user{n} -ummailboxpolicy "Redmond Default Policy" -Extensions 5010{n}'
        f' -SIPResourceIdentifier "user{n}@contoso.com" -PIN 74185{n}'
        for n in (1, 2)
    ),
)
"""Steps 6 to 8; the gateway of the Director pool is the one that gets no outgoing calls."""


def left_out(version: Version) -> list[str]:
    """Return what the procedure does not say, and other pages ask for."""
    if not version.is_modern:
        return []
    modes = [f"Set-UMService ex{n} -UMStartupMode Dual" for n in (1, 2)]
    routers = [f"Set-UMCallRouterSettings -Server ex{n} -UMStartupMode Dual -DialPlans Redmond" for n in (1, 2)]
    return [*modes, *routers]


LYNC = ("New-CsDialPlan Redmond -SimpleName " + CONTEXT,)
"""Step 3: before Exchange 2010 SP1 the Lync dial plan has the name of the phone context."""


def trial_of(version: Version) -> Trial:
    """Return the engine over an estate before the procedure, with files that say what the procedure is for."""
    plan: dict[str, Any] = {
        "extension_digits": 5,
        "voip_security": "Secured",
        "access_numbers": ["+14255550100"],
        "servers": "all",
        "outcall_gateway": "auto",
        "lync_dial_plan": "Redmond",
        **({"country_code": "1"} if version.is_modern else {}),
    }
    attendant = {"dial_plan": "Redmond", "pilot_numbers": ["+14255550190"], "speech_enabled": True, "status": "Enabled"}
    rows = [
        {"identity": f"user{n}@contoso.com", "sip_address": f"user{n}@contoso.com", "extension": f"5010{n}"}
        for n in (1, 2)
    ]
    sections = {
        "dial_plans": {"Redmond": plan},
        "lync_dial_plans": {"Redmond": {"simple_name": CONTEXT}},
        "auto_attendants": {"RedmondMain": attendant},
        "mailboxes": [{**row, "dial_plan": "Redmond"} for row in rows],
    }
    return Trial(world_of(2, [1], servers=[version.build] * 2, branch=False), environment_of(sections))


def restart(trial: Trial, version: Version) -> None:
    """Restart what has to learn of the procedure: the Front End, and after a change of mode the services of UM."""
    invoke_line(trial.estate, "Restart-Service RTCSRV -Force", host=FRONT_END)
    for server in (ENTRY, "ex2.contoso.com") if version.is_modern else ():
        for service in ("MSExchangeUM", "MSExchangeUMCR"):
            invoke_line(trial.estate, f"Restart-Service {service}", host=server)


def assert_everything_is_adopted_and_nothing_sent(trial: Trial) -> None:
    trial.pass_time(60.0)
    plan = trial.plan()
    assert not plan.steps, [f"{action.kind.value} {action.address} {action.changes}" for action in plan.actions()]
    assert not [one for one in plan.diagnostics if one.is_error], plan.diagnostics
    adopted = {action.address for action in plan.adopted}
    assert adopted >= {one.address for each in trial.environment.declared.values() for one in each.values()}
    assert {Address("ip_gateway", name) for name in ("pool1.contoso.com", "dir1.contoso.com")} <= adopted
    applied = trial.apply()
    assert (applied.exit_code, applied.doors.sent, applied.log) == (0, [], ())
    after = trial.plan()
    assert (after.steps, after.adopted, after.obligations) == ((), (), ())


@pytest.mark.parametrize("name", VERSIONS)
def test_typed_line_by_line_without_a_powershell(name: str) -> None:
    """The interpreter has no variables: the context is read as a property, the list of a server is written out."""
    version, trial = VERSIONS[name], trial_of(VERSIONS[name])
    create, context = begins(version)
    for line in (create, context, *binds(version)):
        if line is create:
            invoke_line(trial.estate, line)
            continue
        with pytest.raises(LineError):
            invoke_line(trial.estate, line)
    assert CONTEXT in invoke_text(trial.estate, "Get-UMDialPlan Redmond | Format-List PhoneContext")
    bound = [f"{version.writes} ex{n} -dialplans Redmond" for n in (1, 2)]
    for line in (*bound, *left_out(version), "exchucutil.ps1", *ENDS, *LYNC):
        invoke_line(trial.estate, line)
    restart(trial, version)
    assert_everything_is_adopted_and_nothing_sent(trial)


class TestWithPowerShell:
    pytestmark = powershell

    @pytest.mark.parametrize("name", VERSIONS)
    def test_typed_as_printed(self, name: str, capfd: pytest.CaptureFixture[str]) -> None:
        version, trial = VERSIONS[name], trial_of(VERSIONS[name])
        create, context = begins(version)
        shown = f"[Console]::WriteLine({context})"
        script = [create, shown, *binds(version), *left_out(version), "cd $exscripts", "exchucutil.ps1", *ENDS]
        assert run_console(trial.estate, powershell_program(), ENTRY, "\n".join(script)) == 0
        out, err = capfd.readouterr()
        assert err == ""
        assert CONTEXT in out.splitlines()
        for line in LYNC:
            invoke_line(trial.estate, line)
        restart(trial, version)
        assert_everything_is_adopted_and_nothing_sent(trial)


# --- an object given back --------------------------------------------------------------------------------------------


def test_an_instance_that_is_no_object_is_refused() -> None:
    """The interpreter has texts alone; it changes nothing instead of something else."""
    trial = trial_of(VERSIONS["2007"])
    for line in ("Set-UMServer -Instance ex1", "Set-CsDialPlan -Instance Global -Description x"):
        with pytest.raises(CmdletError) as refused:
            invoke_line(trial.estate, line)
        assert refused.value.error_id.startswith("ParameterArgumentTransformationError,Set-")
