"""What the text of our scripts may hold, and that the check which says so can fail.

The shipped scripts are read as a server of 2008 R2 would have to read them; the engine's own parser, of PowerShell 7,
has the last word on what is syntax at all.
"""

from __future__ import annotations

import base64
import re
import subprocess
from pathlib import Path

import pytest

from providers.transport import wire
from providers.transport.session.greeting import Runner
from tests.support.paths import ROOT
from tests.support.powershell_dialect import refusals, statements
from tests.support.powershell_host import find_powershell
from tests.support.runner_stubs import powershell

RUNNER = Runner.shipped()
SCRIPT = RUNNER.script.decode("ascii")
PARTS = sorted((ROOT / "providers" / "transport" / "runner").glob("*.ps1"))
SCRIPTS = sorted([*ROOT.glob("providers/**/*.ps1"), *ROOT.glob("samples/**/*.ps1")])
PARSED = {path.name: path.read_text("ascii") for path in SCRIPTS if path not in PARTS} | {"runner": SCRIPT}
CALLED = {
    "$command": "a CommandInfo that Get-Command found under an allowed name",
    "$ReconcilerCommand": "RemoteExchange.ps1, its Connect-ExchangeServer, or a file of an allowed name in Scripts",
    "$Question": "a script block of the runner's own text",
}


def test_the_runner_holds_nothing_newer_than_2_0_and_no_text_that_runs_or_decides() -> None:
    assert [(where(one.line), one.reason) for one in refusals(SCRIPT, invoked=CALLED)] == []


def where(line: int) -> str:
    """Return the file and line that a line of the whole runner stands in."""
    for part in PARTS:
        length = len(part.read_text("ascii").splitlines())
        if line <= length:
            break
        line -= length
    return f"{part.name}:{line}"


def test_the_runner_is_its_parts_and_all_but_one_declare_functions_alone() -> None:
    """So their order does not matter, here or where the files are read from a folder on a server."""
    assert "".join(part.read_text("ascii") for part in PARTS) == SCRIPT
    assert where(1) == f"{PARTS[0].name}:1"
    assert where(len(SCRIPT.splitlines())) == f"{PARTS[-1].name}:{len(PARTS[-1].read_text('ascii').splitlines())}"
    kinds = {part.name: set(statements(part.read_text("ascii"))) for part in PARTS}
    assert kinds.pop("state.ps1") == {"function_statement", "pipeline"}
    assert set().union(*kinds.values()) == {"function_statement"}


def test_what_the_state_begins_with_calls_functions_of_its_own_file() -> None:
    state = next(part for part in PARTS if part.name == "state.ps1").read_text("ascii")
    assert [str(one) for one in refusals(state, invoked=CALLED)] == []


def test_the_bootstrap_makes_one_script_block_and_holds_nothing_newer() -> None:
    functions = ("Invoke-ReconcilerLine", "Complete-Reconciler")
    assert refusals(RUNNER.bootstrap, functions=functions, makes_its_script=True) == []
    assert refusals(RUNNER.bootstrap, functions=functions) != []


def test_the_script_of_first_contact_holds_nothing_newer() -> None:
    text = (ROOT / "samples" / "first_contact.ps1").read_text("ascii")
    of_the_runner = re.findall(r"^function ([\w-]+)", SCRIPT, re.MULTILINE)
    tables = ("$Reconciler", "$Contact")
    assert refusals(text, invoked=CALLED, functions=of_the_runner, makes_its_script=True, tables=tables) == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_the_text_is_ascii(path: Path) -> None:
    assert path.read_bytes().isascii()


def test_the_bootstrap_fits_a_command_line() -> None:
    assert len(RUNNER.bootstrap) <= 1200
    assert len(wire.encoded_command(RUNNER.bootstrap)) < 8191 - 200
    assert "$input" in RUNNER.bootstrap


def test_the_runner_fits_one_send() -> None:
    assert len(wire.encode_script(RUNNER.script)) < wire.SEND_LIMIT


BAD = [
    # newer syntax
    ("$a = 1\nclass Thing { }", 2, "5.0"),
    ("enum Thing { A }", 1, "5.0"),
    ("$a.Where({ $true })", 1, "Where"),
    ("$a.ForEach{ $true }", 1, "4.0"),
    ("Get-Command x && Get-Command y", 1, "7.0"),
    ("$a = $b ?? 1", 1, "no syntax"),
    ("$a = $b ? 1 : 2", 1, "no syntax"),
    ("$a = [Text.StringBuilder]::new()", 1, "::new"),
    ("using namespace System.Text", 1, "using"),
    ("function f {\n    param([Parameter(Mandatory)]$x)\n    $x\n}", 2, "without a value"),
    ("function f {\n    param([ValidateNotNullOrWhiteSpace()]$x)\n    $x\n}", 2, "attributes"),
    ('$a = "`e[0m"', 1, "6.0"),
    ("$a = 5u", 1, "5u is not"),
    ("Get-Service 3>&1", 1, "redirection"),
    ("Get-Service > out.txt", 1, "file"),
    ("cmd --% /c dir", 1, "3.0"),
    # newer types, members, variables
    ("$a = [pscustomobject]@{ A = 1 }", 1, "pscustomobject"),
    ("$a = [ordered]@{ A = 1 }", 1, "ordered"),
    ("$a = [Collections.Generic.SortedSet[int]]", 1, "SortedSet"),
    ("$a = New-Object 'System.Collections.Generic.HashSet[string]'", 1, "HashSet"),
    ("$a = New-Object $type", 1, "not written out"),
    ("$a = [string]::IsNullOrWhiteSpace($b)", 1, "IsNullOrWhiteSpace"),
    ("$a = [IO.Path]::Combine($b, 'x', 'y')", 1, "at most 2"),
    ("$a = [Management.Automation.PSSerializer]::Serialize($b)", 1, "PSSerializer"),
    ("$clock.Restart()", 1, "Restart"),
    ("$a = $b.PSIsContainer", 1, "PSIsContainer"),
    ("1 | ForEach-Object {\n    $PSItem\n}", 2, "PSItem"),
    ("$a = $PSScriptRoot", 1, "PSScriptRoot"),
    ("$a = $using:b", 1, "using:"),
    # newer cmdlets and parameters
    ("$a = ConvertTo-Json $b", 1, "ConvertTo-Json"),
    ("Get-CimInstance Win32_Service", 1, "Get-CimInstance"),
    ("Invoke-RestMethod $b", 1, "Invoke-RestMethod"),
    ("Get-Module -FullyQualifiedName $b", 1, "-FullyQualifiedName"),
    ("Get-Command -ListImported", 1, "-ListImported"),
    ("$a | ForEach-Object Name", 1, "without a script block"),
    ("$a | % {\n    $_\n}", 1, "%"),
    # texts compared by the rules of a language
    ("if ($a -eq 'Running') {\n    $b\n}", 1, "may be a text"),
    ("$a -ne $b", 1, "may be a text"),
    ("if ($x) {\n    if ($a -ceq $b) {\n        1\n    }\n}", 2, "may be a text"),
    ("$a -lt $b.Name", 1, "may be a text"),
    ("$a -eq 'b'.Length + $c", 1, "may be a text"),
    ("$a -contains 'x'", 1, "-contains"),
    ("'x' -in $a", 1, "-in"),
    ("$a -like 'x*'", 1, "-like"),
    ("$a -cmatch 'x'", 1, "-cmatch"),
    ("$a -replace 'x', 'y'", 1, "-replace"),
    ("$a -split ','", 1, "-split"),
    ("$a -join ','", 1, "-join"),
    ("switch ($a) {\n    'x' { 1 }\n}", 1, "switch"),
    ("'{0:N1}' -f $a", 1, "culture"),
    # the left side decides: a text there makes texts of numbers, truth values and lists
    ("if ($a -eq 1) {\n    $b\n}", 1, "may be a text"),
    ("if ([string]$a -gt 5) {\n    $b\n}", 1, "may be a text"),
    ("if ($request['protocol'] -ne 1) {\n    $b\n}", 1, "may be a text"),
    ("if ($a -eq $true) {\n    $b\n}", 1, "may be a text"),
    ("if ($a -ne $null) {\n    $b\n}", 1, "may be a text"),
    ("if ($a -eq [int]$b) {\n    $c\n}", 1, "may be a text"),
    ("if ($a -eq $b.Count) {\n    $c\n}", 1, "may be a text"),
    ("if (-not $a -eq $b) {\n    $c\n}", 1, "may be a text"),
    ("$a = 1\n$a = $b.Name\nif ($a -eq 1) {\n    $c\n}", 3, "may be a text"),
    ("$a = 1\nfunction f($a) {\n    $a -eq 1\n}", 3, "may be a text"),
    ("foreach ($a in $b) {\n    $a -eq 1\n}", 2, "may be a text"),
    ("$a = $a\n$a -eq 1", 2, "may be a text"),
    # what follows a language or a culture unasked
    ("$a.StartsWith('x')", 1, "follows a language"),
    ("$a.StartsWith('x', 'CurrentCulture')", 1, "follows a language"),
    ("$a.StartsWith('x', $b)", 1, "follows a language"),
    ("$a.IndexOf('x')", 1, "follows a language"),
    ("$a.LastIndexOf($b, 3)", 1, "follows a language"),
    ("$a.EndsWith('x')", 1, "EndsWith"),
    ("$a.Contains('x')", 1, "Contains"),
    ("$a.CompareTo($b)", 1, "CompareTo"),
    ("[string]::Compare($a, $b)", 1, "Compare"),
    ("[string]::Equals($a, $b, 'CurrentCultureIgnoreCase')", 1, "not written out"),
    ("[string]::Equals($a, $b, [StringComparison]::CurrentCulture)", 1, "CurrentCulture"),
    ("$a | Sort-Object", 1, "Sort-Object"),
    ("$a | Select-Object -Unique", 1, "Select-Object"),
    ("[Array]::Sort($a)", 1, "Sort"),
    ("$a = @{}\n$a[$b] = 1", 2, "@{}"),
    ("$a = @{ A = 1 }\nif ($a.ContainsKey($b)) {\n    $c\n}", 2, "@{}"),
    ("$a = [regex]'(?i)name'", 1, "ignores case"),
    ("$a = New-Object regex 'x', 'IgnoreCase'", 1, "ignores no case"),
    ("$a.ToLower()", 1, "ToLower"),
    ("$a.ToString('N1')", 1, "as a culture"),
    ("[double]::Parse($a)", 1, "as a culture"),
    ("[DateTime]::Parse($a)", 1, "Parse"),
    # members of a name that comes as data, and one that such a name hides
    ("$a.Keys", 1, "Keys"),
    ("$a.$b", 1, "chosen by a variable"),
    ("$a.$b()", 1, "chosen by a variable"),
    # one name, two functions
    ("function A-B {\n    1\n}\nfunction a-b {\n    2\n}", 4, "a second time"),
    # text that runs
    ("Invoke-Expression $a", 1, "runs a text"),
    ("iex $a", 1, "runs a text"),
    ("Add-Type -TypeDefinition $a", 1, "runs a text"),
    ("$a = [ScriptBlock]::Create($b)", 1, "script of text"),
    ("$ExecutionContext.InvokeCommand.InvokeScript($a)", 1, "InvokeScript"),
    ("$ExecutionContext.InvokeCommand.NewScriptBlock($a)", 1, "NewScriptBlock"),
    ("$a = New-Object Management.Automation.Runspaces.Command $b, $true, $true", 1, "runs a text"),
    ("$a = New-Object Management.Automation.Runspaces.Command $b, $false, $true", 1, "holds no data"),
    ("$a = New-Object Management.Automation.Runspaces.Command ($b + 'x'), $false", 1, "holds no data"),
    ("$a = New-Object -TypeName Management.Automation.Runspaces.Command -ArgumentList $b, $true", 1, "runs a text"),
    ("$a.Commands.AddScript($b)", 1, "AddScript"),
    ("$a.CreateNestedPipeline($b, $false)", 1, "at most 0"),
    ("& $a", 1, "holds no data"),
    (". $a", 1, "holds no data"),
    ("& 'cmd.exe' '/c'", 1, "called"),
    ("& ($a + '.ps1')", 1, "called"),
    # a guard guards its own branch, and never syntax, comparisons or texts that run
    ("if (Get-Command -Name 'x') {\n    1\n} else {\n    ConvertTo-Json $a\n}", 4, "ConvertTo-Json"),
    ("if ($PSVersionTable.PSVersion.Major -ge 3) {\n    $a -contains 'x'\n}", 2, "-contains"),
    ("if ($PSVersionTable.PSVersion.Major -ge 3) {\n    iex $a\n}", 2, "runs a text"),
    ("if ($PSVersionTable.PSVersion.Major -ge 5) {\n    class Thing { }\n}", 2, "5.0"),
]  # fmt: skip


@pytest.mark.parametrize(("script", "line", "reason"), BAD, ids=[script.partition("\n")[0] for script, _, _ in BAD])
def test_what_2_0_has_not_is_refused_with_line_and_reason(script: str, line: int, reason: str) -> None:
    found = refusals(script)
    assert [one for one in found if one.line == line and reason in one.reason], found


@pytest.mark.parametrize(
    "script",
    [
        "if ($null -eq $a -or $true -ne $b) {\n    $c\n}",
        "$a = [int]$b\nif ($a -eq 5 -or $a -lt $c) {\n    $d\n}",
        "function f([int]$a) {\n    $a -gt 5\n}",
        "$end = $a.IndexOf([char]10)\nwhile ($end -ge 0) {\n    $end = $a.IndexOf([char]10, $end + 1)\n}",
        "$left = $until - $a.Elapsed.TotalSeconds\nif ($left -le 0) {\n    $b\n}",
        "$how = [StringComparison]::Ordinal\nif ($a.StartsWith('x', $how)) {\n    $b\n}",
        "$a = @{}\n$a['Name'] = 1",
        "$a.ToString('N1', $invariant)",
        "if ($a.Length -gt 5 -and 5 -ge $c) {\n    $d\n}",
        "if ([int][char]$a[$i + 1] -eq 34) {\n    $d\n}",
        "if ($a -isnot [string] -and $b -is [Collections.IDictionary]) {\n    $d\n}",
        "if ([string]::Equals($a, $b, [StringComparison]::Ordinal)) {\n    $d\n}",
        "function Get-Own([string]$Name) {\n    $Name\n}\nGet-Own -Name 'x' | Out-Null",
        "try {\n    throw 'x'\n} catch {\n    $_.Exception.Message\n}",
        "$a = New-Object 'System.Collections.Generic.Dictionary[string,object]' ([StringComparer]::Ordinal)",
        "$a = @{ Name = 'x'; Count = 1 }\nforeach ($entry in $a.GetEnumerator()) {\n    $entry.Key\n}",
        "if ($null -ne (Get-Command -Name 'ConvertTo-Json' -ErrorAction SilentlyContinue)) {\n    ConvertTo-Json $a\n}",
        "if ($PSVersionTable.PSVersion.Major -ge 3) {\n    [pscustomobject]@{ A = 1 }\n}",
        "if ($c.Parameters.ContainsKey('Raw')) {\n    Get-Content -Raw $a\n}",
    ],
)
def test_what_2_0_has_and_what_is_guarded_is_accepted(script: str) -> None:
    assert refusals(script) == []


PARSE = r"""
$text = [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String([Console]::In.ReadToEnd()))
$tokens = $null
$errors = $null
[void][Management.Automation.Language.Parser]::ParseInput($text, [ref]$tokens, [ref]$errors)
foreach ($one in $errors) { [Console]::Out.WriteLine([string]$one.Extent.StartLineNumber + ': ' + $one.Message) }
[Console]::Out.WriteLine('read ' + $tokens.Count)
exit 0
"""


def parse_in_engine(script: str) -> list[str]:
    program = find_powershell()
    assert program is not None
    done = subprocess.run(
        [program, "-NoLogo", "-NoProfile", "-NonInteractive", "-EncodedCommand", wire.encoded_command(PARSE)],
        input=base64.b64encode(script.encode()),
        capture_output=True,
        check=True,
        timeout=120,
    )
    return done.stdout.decode().splitlines()


class TestTheEnginesParser:
    pytestmark = powershell

    @pytest.mark.parametrize("name", list(PARSED))
    def test_reads_every_script_without_an_error(self, name: str) -> None:
        *errors, last = parse_in_engine(PARSED[name])
        assert errors == []
        assert int(last.removeprefix("read ")) > 20

    def test_tells_a_script_that_is_none(self) -> None:
        errors = parse_in_engine("$a = 1\nif ($a {\n}\n")[:-1]
        assert errors
        assert errors[0].startswith("2: ")
