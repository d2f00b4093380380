# How stub cmdlets reach the simulator that started this process: one line there, one line back, over a connection to the
# loopback that a token opens. Where it is stands in a file that only this user can read.

$script:Link = $null

function Get-StubSetup {
    [Management.Automation.PSSerializer]::Deserialize([IO.File]::ReadAllText($env:RECONCILER_SIMULATOR_LINK))
}

function Open-StubLink {
    $setup = Get-StubSetup
    $client = [Net.Sockets.TcpClient]::new()
    $client.NoDelay = $true
    $client.Connect('127.0.0.1', $setup.Port)
    $stream = $client.GetStream()
    $plain = [Text.UTF8Encoding]::new($false)
    $script:Link = @{
        Client = $client
        Reader = [IO.StreamReader]::new($stream, $plain, $false, 65536)
        Writer = [IO.StreamWriter]::new($stream, $plain, 65536)
    }
    $script:Link.Writer.Write($setup.Token + "`n")
}

# Asks the simulator and returns what it answers: the values of PowerShell's own serialisation.
function Send-StubRequest([string] $Json) {
    if ($null -eq $script:Link) {
        Open-StubLink
    }
    $script:Link.Writer.Write($Json + "`n")
    $script:Link.Writer.Flush()
    $line = $script:Link.Reader.ReadLine()
    if ($null -eq $line) {
        throw [IO.EndOfStreamException]::new('The simulator is gone.')
    }
    , [Management.Automation.PSSerializer]::Deserialize($line)
}

$script:Plain = [regex] '^[ !#-\[\]-~]*\z'

# Any text, halves of surrogate pairs included: what is not plain ASCII goes by its code units.
function ConvertTo-StubText([string] $Text) {
    if ($script:Plain.IsMatch($Text)) {
        return '"' + $Text + '"'
    }
    $units = [byte[]]::new($Text.Length * 2)
    [Buffer]::BlockCopy($Text.ToCharArray(), 0, $units, 0, $units.Length)
    '{"$text":"' + [Convert]::ToBase64String($units) + '"}'
}

function ConvertTo-StubList([object] $Values) {
    $parts = foreach ($value in $Values) {
        ConvertTo-StubJson $value
    }
    '[' + ($parts -join ',') + ']'
}

function ConvertTo-StubDifference([Collections.IDictionary] $Sides) {
    $parts = foreach ($side in $Sides.Keys) {
        '"$' + ([string] $side).ToLowerInvariant() + '":' + (ConvertTo-StubList $Sides[$side])
    }
    '{' + ($parts -join ',') + '}'
}

# An object of a stub cmdlet, given back to one: its properties, by name.
function ConvertTo-StubProperties([psobject] $Value) {
    $parts = foreach ($property in $Value.PSObject.Properties) {
        '"' + $property.Name + '"' + ':' + (ConvertTo-StubJson $property.Value)
    }
    '{"$object":{' + ($parts -join ',') + '}}'
}

# Writes an argument as its parameter was bound.
function ConvertTo-StubJson([object] $Value) {
    if ($null -eq $Value) {
        return 'null'
    }
    if ($Value -is [string]) {
        return ConvertTo-StubText $Value
    }
    if ($Value -is [bool] -or $Value -is [switch]) {
        return ([bool] $Value).ToString().ToLowerInvariant()
    }
    if ($Value -is [enum]) {
        return ConvertTo-StubText $Value.ToString()
    }
    if ($Value -is [ValueType] -and $Value -is [IFormattable] -and $Value.GetType().IsPrimitive) {
        return $Value.ToString('R', [Globalization.CultureInfo]::InvariantCulture)
    }
    if ($Value -is [MultiValuedProperty] -and $null -ne $Value.Difference) {
        return ConvertTo-StubDifference $Value.Difference
    }
    if ($Value -is [Management.Automation.PSListModifier]) {
        if ($Value.Replace.Count -gt 0) {
            return ConvertTo-StubList $Value.Replace
        }
        return ConvertTo-StubDifference @{ add = $Value.Add; remove = $Value.Remove }
    }
    if ($Value -is [Collections.IDictionary]) {
        return ConvertTo-StubDifference $Value
    }
    if ($Value -is [UnlimitedParameter]) {
        return ConvertTo-StubJson $Value.Value
    }
    if ($Value -is [Security.SecureString]) {
        $text = [Net.NetworkCredential]::new('', $Value).Password
        return '{"$secure":' + (ConvertTo-StubText $text) + '}'
    }
    if ($Value -is [byte[]]) {
        return '{"$bytes":"' + [Convert]::ToBase64String($Value) + '"}'
    }
    if ($Value -is [datetime]) {
        return '"' + $Value.ToUniversalTime().ToString('o', [Globalization.CultureInfo]::InvariantCulture) + '"'
    }
    if ($Value -is [Management.Automation.PSCustomObject]) {
        return ConvertTo-StubProperties $Value
    }
    if ($Value -is [Collections.IEnumerable]) {
        return ConvertTo-StubList $Value
    }
    ConvertTo-StubText $Value.ToString()
}
