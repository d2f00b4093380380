"""What a listing costs in the runner: milliseconds for each object of twelve properties, in a real PowerShell.

The objects are made beforehand, so that what is taken is the runner's work: reading the properties, writing their
JSON, base64, the check, and the bytes through the pipe to the client, which reads them. Beside it stand the two usual
ways to write JSON in script, within the same process: a function that calls itself for each value, and PowerShell's
own ``ConvertTo-Json`` (its stand-in, where the engine comes without Microsoft's).
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median

from providers.transport.session.channel import Channel
from reconciler.model.commands import Argument, Command, Reply
from reconciler.model.ports import Request
from reconciler.model.values import Record
from tests.bench.measure import Failed
from tests.support.powershell_host import PowerShellHost, channel_to

OBJECTS = 5_000
PROPERTIES = (
    "Name", "SamAccountName", "PrimarySmtpAddress", "SIPAddress", "UMDialPlan", "Enabled", "PinExpired", "Length",
    "CallAnswering", "Extensions", "WhenChanged", "FaxServerURI",
)  # fmt: skip

MODULE = r"""
$script:Objects = New-Object Collections.ArrayList
$script:Copies = New-Object Collections.ArrayList
function Get-CsListing {
    [CmdletBinding()]
    param([int]$Count, [switch]$Deserialised)
    while ($script:Objects.Count -lt $Count) {
        $n = $script:Objects.Count
        [void]$script:Objects.Add((New-Object PSObject -Property @{
                    Name = "User number $n"; SamAccountName = "user$n"; PrimarySmtpAddress = "user$n@contoso.com"
                    SIPAddress = "sip:user$n@contoso.com"; UMDialPlan = 'Redmond'; Enabled = $true
                    PinExpired = $false; Length = 5; CallAnswering = [DayOfWeek]::Monday
                    Extensions = [string[]]("1$n", "2$n"); FaxServerURI = $null
                    WhenChanged = (New-Object DateTime 2026, 1, 2, 3, 4, 5, ([DateTimeKind]::Utc))
                }))
    }
    if (-not $Deserialised) { return $script:Objects.GetRange(0, $Count) }
    if ($script:Copies.Count -lt $Count) {
        $serializer = [Management.Automation.PSSerializer]
        $script:Copies = $serializer::Deserialize($serializer::Serialize($script:Objects, 3))
    }
    $script:Copies.GetRange(0, $Count)
}
function ConvertTo-Recursive($Value) {
    if ($null -eq $Value) { return 'null' }
    if ($Value -is [bool]) { if ($Value) { return 'true' } else { return 'false' } }
    if ($Value -is [int]) { return $Value.ToString() }
    if ($Value -is [string] -or $Value -is [Enum]) {
        return '"' + [string]$Value.ToString().Replace('\', '\\').Replace('"', '\"') + '"'
    }
    if ($Value -is [DateTime]) { return '"' + $Value.ToString('o') + '"' }
    $parts = New-Object Collections.ArrayList
    if ($Value -is [Collections.IEnumerable]) {
        foreach ($one in $Value) { [void]$parts.Add((ConvertTo-Recursive $one)) }
        return '[' + [string]::Join(',', $parts.ToArray()) + ']'
    }
    foreach ($property in $Value.PSObject.Properties) {
        [void]$parts.Add('"' + $property.Name + '":' + (ConvertTo-Recursive $property.Value))
    }
    '{' + [string]::Join(',', $parts.ToArray()) + '}'
}
function Measure-CsWriter {
    [CmdletBinding()]
    param([string]$Writer, [int]$Count)
    $objects = $script:Objects.GetRange(0, $Count)
    $clock = [Diagnostics.Stopwatch]::StartNew()
    $size = 0
    foreach ($object in $objects) {
        if ($Writer -eq 'recursive') { $text = ConvertTo-Recursive $object } else { $text = ConvertTo-Json $object }
        $size += $text.Length
    }
    New-Object PSObject -Property @{ Seconds = $clock.Elapsed.TotalSeconds.ToString('r'); Size = $size }
}
Export-ModuleMember -Function *
"""


@dataclass(frozen=True, slots=True)
class Listing:
    """Milliseconds for each object: the runner's listings, and the two usual ways to write the same objects."""

    objects: int
    live: float
    deserialised: float
    """As a remote session hands objects on."""
    recursive: float
    convert: float


def measure_listing(rounds: int = 5, objects: int = OBJECTS) -> Listing:
    """Return the median of ``rounds``; what compiles at first use is warm by then."""
    with tempfile.TemporaryDirectory(prefix="reconciler-bench-") as place:
        folder = Path(place) / "Lync"
        folder.mkdir()
        (folder / "Lync.psm1").write_text(MODULE, "ascii")
        channel = channel_to(PowerShellHost({"PSModulePath": place}), ("Get-CsListing", "Measure-CsWriter"))
        try:
            return _measured(channel, rounds, objects)
        finally:
            channel.close()


def _measured(channel: Channel, rounds: int, objects: int) -> Listing:
    taken: dict[str, list[float]] = {name: [] for name in ("live", "deserialised", "recursive", "convert")}
    few = max(1, objects // 5)
    for _ in range(rounds + 1):
        for name in ("live", "deserialised"):
            began = time.perf_counter()
            told = _ask(channel, "Get-CsListing", PROPERTIES, Count=objects, Deserialised=name == "deserialised")
            taken[name].append(1000 * (time.perf_counter() - began) / objects)
            _check(told, objects)
        for name in ("recursive", "convert"):
            told = _ask(channel, "Measure-CsWriter", ("Seconds",), Writer=name, Count=few)
            taken[name].append(1000 * float(told[0]["Seconds"]) / few)
    return Listing(objects, **{name: median(times[1:]) for name, times in taken.items()})


_ids = count()


def _ask(channel: Channel, cmdlet: str, properties: Sequence[str], **parameters: Argument) -> Sequence[Record]:
    command = Command(cmdlet, tuple(parameters.items()), writes=False, properties=tuple(properties))
    (reply,) = channel.invoke([Request(f"listing-{next(_ids)}", command)])
    if not isinstance(reply, Reply):
        raise Failed(f"{cmdlet} ended with {type(reply).__name__}: {reply}")
    return reply.records


def _check(records: Sequence[Record], objects: int) -> None:
    last = records[-1]
    if len(records) != objects or set(last) != set(PROPERTIES) or last["CallAnswering"] != "Monday":
        raise Failed(f"the listing is not what was to be measured; its last object is {last}")


def render_listing(listing: Listing | None) -> str:
    """Return the table, with the other ways as a ratio to ours; None: there is no PowerShell to measure in."""
    if listing is None:
        return "Listings in the runner: not measured, because there is no PowerShell here (RECONCILER_PWSH, PATH).\n"
    lines = [f"In the runner, for each of {listing.objects:,} objects of {len(PROPERTIES)} properties:", ""]
    lines.append(f"  {'':<44}{'ms':>9}{'this / live':>14}")
    for name, taken in (
        ("runner, live objects, to the client", listing.live),
        ("runner, as a remote session hands them on", listing.deserialised),
        ("a recursive writer, the JSON alone", listing.recursive),
        ("ConvertTo-Json or stand-in, the JSON alone", listing.convert),
    ):
        lines.append(f"  {name:<44}{taken:>9.3f}{taken / listing.live:>14.1f}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(render_listing(measure_listing()))
