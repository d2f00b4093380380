"""Values of the products' own types, as they stand in a process and as they come out of a session, in any culture.

The types are classes of the stub under the products' names; PowerShell's own serialiser makes the second form of them:
a bag of properties that still knows its text.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from providers.transport.session.channel import Channel
from reconciler.model.commands import read
from tests.support.powershell_host import PowerShellHost, channel_to
from tests.support.runner_stubs import ask, powershell, record, write_module

pytestmark = powershell

ADDRESSES = {
    "SmtpProxyAddress": "SMTP:alice@contoso.com",
    "EumProxyAddress": "EUM:5001;phone-context=Redmond.contoso.com",
    "X400ProxyAddress": "X400:C=US;A= ;P=Contoso;S=Alice;",
    "CustomProxyAddress": "SIP:alice@contoso.com",
    "InvalidProxyAddress": "EUM:5001",
}
SIZES = (
    "1.5 GB (1,610,612,736 bytes)",
    "1,5 GB (1.610.612.736 bytes)",
    "1,5 GB (1\\u00a0610\\u00a0612\\u00a0736 bytes)",
    "1,5 GB (1\\u202f610\\u202f612\\u202f736 bytes)",
    "1.5 GB (1\\u2019610\\u2019612\\u2019736 bytes)",
)
"""One size as servers of several languages write it, in the escapes of a regular expression."""
BYTES = 1_610_612_736

PRODUCT = r"""
class ProxyAddress {
    [string]$ProxyAddressString
    [bool]$IsPrimaryAddress = $true
    ProxyAddress([string]$Text) { $this.ProxyAddressString = $Text }
    [string] ToString() { return $this.ProxyAddressString }
}
class SmtpProxyAddress : ProxyAddress { SmtpProxyAddress([string]$Text) : base($Text) { } }
class EumProxyAddress : ProxyAddress { EumProxyAddress([string]$Text) : base($Text) { } }
class X400ProxyAddress : ProxyAddress { X400ProxyAddress([string]$Text) : base($Text) { } }
class CustomProxyAddress : ProxyAddress { CustomProxyAddress([string]$Text) : base($Text) { } }
class InvalidProxyAddress : ProxyAddress { InvalidProxyAddress([string]$Text) : base($Text) { } }
class ByteQuantifiedSize {
    [string]$Shown
    ByteQuantifiedSize([string]$Text) { $this.Shown = [regex]::Unescape($Text) }
    [uint64] ToBytes() { return 1610612736 }
    [string] ToString() { return $this.Shown }
}
function Get-CsValue {
    [CmdletBinding()]
    param([string]$Type, [string]$Text)
    $live = switch ($Type) {
        'SmtpProxyAddress' { [SmtpProxyAddress]::new($Text) }
        'EumProxyAddress' { [EumProxyAddress]::new($Text) }
        'X400ProxyAddress' { [X400ProxyAddress]::new($Text) }
        'CustomProxyAddress' { [CustomProxyAddress]::new($Text) }
        'InvalidProxyAddress' { [InvalidProxyAddress]::new($Text) }
        'ByteQuantifiedSize' { [ByteQuantifiedSize]::new($Text) }
    }
    $serializer = [Management.Automation.PSSerializer]
    $far = $serializer::Deserialize($serializer::Serialize($live))
    New-Object PSObject -Property @{
        Live = $live; Lives = @($live, $live); Far = $far; Fars = @($far); Kind = $far.PSObject.TypeNames[0]
    }
}
Export-ModuleMember -Function *
"""


@pytest.fixture(scope="module", params=["C", "de_DE.UTF-8", "ja_JP.UTF-8", "tr_TR.UTF-8"])
def channel(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Channel]:
    modules = write_module(tmp_path_factory.mktemp("modules"), PRODUCT)
    opened = channel_to(PowerShellHost({"PSModulePath": str(modules), "LC_ALL": request.param}), ("Get-CsValue",))
    yield opened
    opened.close()


@pytest.mark.parametrize("name", list(ADDRESSES))
def test_an_address_of_any_type_is_its_text(channel: Channel, name: str) -> None:
    text = ADDRESSES[name]
    found = record(ask(channel, read("Get-CsValue", "Live", "Lives", "Far", "Fars", "Kind", Type=name, Text=text)))
    assert found.pop("Kind") == f"Deserialized.{name}"
    assert found == {"Live": text, "Lives": [text, text], "Far": text, "Fars": [text]}


@pytest.mark.parametrize("text", SIZES)
def test_a_size_is_its_bytes_however_a_server_writes_it(channel: Channel, text: str) -> None:
    asked = read("Get-CsValue", "Live", "Far", "Fars", "Kind", Type="ByteQuantifiedSize", Text=text)
    found = record(ask(channel, asked))
    assert found.pop("Kind") == "Deserialized.ByteQuantifiedSize"
    assert found == {"Live": BYTES, "Far": BYTES, "Fars": [BYTES]}


def test_a_size_without_bytes_stays_a_text(channel: Channel) -> None:
    asked = read("Get-CsValue", "Far", Type="ByteQuantifiedSize", Text="1.5 GB")
    assert record(ask(channel, asked)) == {"Far": "1.5 GB"}
