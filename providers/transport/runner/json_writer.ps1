# Writes values as JSON, by the rules that make flat, plain values of what cmdlets return.

function ConvertTo-ReconcilerText([string]$Text) {
    if (-not $Reconciler.Unsafe.IsMatch($Text)) {
        return '"' + $Text + '"'
    }
    $builder = New-Object Text.StringBuilder
    [void]$builder.Append('"')
    $from = 0
    foreach ($match in $Reconciler.Unsafe.Matches($Text)) {
        $at = $match.Index
        [void]$builder.Append($Text.Substring($from, $at - $from))
        $code = [int][char]$Text[$at]
        if ($code -eq 34 -or $code -eq 92) {
            [void]$builder.Append([char]92).Append([char]$code)
        } else {
            [void]$builder.Append('\u').Append($code.ToString('x4', $Reconciler.Invariant))
        }
        $from = $at + 1
    }
    [void]$builder.Append($Text.Substring($from)).Append('"')
    $builder.ToString()
}

function ConvertTo-ReconcilerTagged([string]$Tag, [string]$Text) {
    '{"' + $Tag + '":' + (ConvertTo-ReconcilerText $Text) + '}'
}

# What no rule knows is shown, never dropped.
function ConvertTo-ReconcilerOpaque($Value) {
    $json = '{"$type":' + (ConvertTo-ReconcilerText ($Value.GetType().FullName))
    $json + ',"$str":' + (ConvertTo-ReconcilerText ($Value.ToString())) + '}'
}

function ConvertTo-ReconcilerUtc([DateTime]$Time) {
    if ([DateTimeKind]::Utc -eq $Time.Kind) {
        return $Time.ToString('o', $Reconciler.Invariant)
    }
    $Time.ToUniversalTime().ToString('o', $Reconciler.Invariant)
}

function ConvertTo-ReconcilerNumber($Value) {
    if ($Value -is [long] -or $Value -is [uint64] -or $Value -is [decimal]) {
        $number = [decimal]$Value
        if ([decimal]::Truncate($number) -ne $number) {
            return (ConvertTo-ReconcilerText ($number.ToString($Reconciler.Invariant)))
        }
        $digits = [decimal]::Truncate($number).ToString('0', $Reconciler.Invariant)
        if ($number -gt 9007199254740992 -or $number -lt -9007199254740992) {
            return '"' + $digits + '"'
        }
        return $digits
    }
    if ($Value -is [double] -or $Value -is [single]) {
        $number = [double]$Value
        if ([Math]::Abs($number) -lt 9007199254740992 -and [Math]::Floor($number) -eq $number) {
            return $number.ToString('0', $Reconciler.Invariant)
        }
        return (ConvertTo-ReconcilerText ($Value.ToString('R', $Reconciler.Invariant)))
    }
    ([IFormattable]$Value).ToString('d', $Reconciler.Invariant)
}

# Returns the JSON of a value whose kind has one, else nothing.
function ConvertTo-ReconcilerScalar($Value) {
    if ($Value -is [char]) {
        return (ConvertTo-ReconcilerText ([string]$Value))
    }
    if ($Value -is [Enum]) {
        return (ConvertTo-ReconcilerText ($Value.ToString()))
    }
    if ($Value -is [int] -or $Value -is [long] -or $Value -is [double] -or $Value -is [decimal] -or $Value -is [byte] -or
        $Value -is [sbyte] -or $Value -is [int16] -or $Value -is [uint16] -or $Value -is [uint32] -or
        $Value -is [uint64] -or $Value -is [single]) {
        return (ConvertTo-ReconcilerNumber $Value)
    }
    if ($Value -is [DateTime]) {
        return '"' + (ConvertTo-ReconcilerUtc $Value) + '"'
    }
    if ($Value -is [TimeSpan]) {
        return '"' + $Value.ToString() + '"'
    }
    if ($Value -is [Guid]) {
        return '"' + $Value.ToString('d').ToLowerInvariant() + '"'
    }
    if ($Value -is [byte[]]) {
        return (ConvertTo-ReconcilerTagged '$bytes' ([Convert]::ToBase64String($Value)))
    }
    if ($Value -is [Security.Principal.IdentityReference]) {
        return (ConvertTo-ReconcilerText $Value.Value)
    }
}

# Exchange and Lync types, by name: their assemblies are not there on every server.
function ConvertTo-ReconcilerNamed($Value, [string]$Name, [int]$Depth) {
    if ((Test-ReconcilerSame $Name 'ADObjectId') -or (Test-ReconcilerSame $Name 'X500DistinguishedName')) {
        $json = '{"dn":' + (ConvertTo-ReconcilerText $Value.DistinguishedName)
        $json += ',"guid":' + (ConvertTo-ReconcilerText ([string]$Value.ObjectGuid).ToLowerInvariant())
        return $json + ',"name":' + (ConvertTo-ReconcilerText $Value.Name) + '}'
    }
    if (Test-ReconcilerStart $Name 'Unlimited`') {
        if ($Value.IsUnlimited) {
            return '"Unlimited"'
        }
        return (ConvertTo-ReconcilerJson $Value.Value ($Depth + 1))
    }
    if (Test-ReconcilerSame $Name 'ByteQuantifiedSize') {
        return (ConvertTo-ReconcilerNumber $Value.ToBytes())
    }
    if (Test-ReconcilerSame $Name 'EnhancedTimeSpan') {
        return '"' + $Value.ToString() + '"'
    }
    if (Test-ReconcilerSame $Name 'ExDateTime') {
        return '"' + (ConvertTo-ReconcilerUtc ([DateTime]$Value.UniversalTime)) + '"'
    }
    if ($Reconciler.Texts.ContainsKey($Name)) {
        return (ConvertTo-ReconcilerText ($Value.ToString()))
    }
    if ($Reconciler.Secrets.ContainsKey($Name) -or $Value -is [Delegate] -or $Value -is [IO.Stream]) {
        return (ConvertTo-ReconcilerTagged '$refused' $Name)
    }
}

function ConvertTo-ReconcilerDeserialised($Value, [string]$Kind, [int]$Depth) {
    $name = Get-ReconcilerLastName $Kind
    $properties = @($Value.PSObject.Properties)
    if ($Reconciler.Identities.ContainsKey($name) -or $properties.Length -eq 0 -or $Depth -ge 4) {
        return (ConvertTo-ReconcilerText ($Value.ToString()))
    }
    if (Test-ReconcilerStart $name 'Unlimited`') {
        return (ConvertTo-ReconcilerText ($Value.ToString()))
    }
    if (Test-ReconcilerSame $name 'ByteQuantifiedSize') {
        $text = $Value.ToString()
        # Between the digits is whatever separates thousands on that server.
        $digits = ([regex]'\(([0-9][^()]*) bytes\)').Match($text)
        if ($digits.Success) {
            return ([regex]'[^0-9]').Replace($digits.Groups[1].Value, '')
        }
        return (ConvertTo-ReconcilerText $text)
    }
    if ($Reconciler.Texts.ContainsKey($name) -or $Value.PSObject.BaseObject -isnot [Management.Automation.PSCustomObject]) {
        return (ConvertTo-ReconcilerText ($Value.ToString()))
    }
    ConvertTo-ReconcilerBag $Value $Depth
}

function ConvertTo-ReconcilerBag($Value, [int]$Depth) {
    $parts = New-Object Collections.ArrayList
    foreach ($property in $Value.PSObject.Properties) {
        $inner = Read-ReconcilerProperty $property ($Depth + 1)
        [void]$parts.Add((ConvertTo-ReconcilerText $property.Name) + ':' + $inner)
    }
    '{' + [string]::Join(',', $parts.ToArray()) + '}'
}

# A getter may throw; then the property says so and the rest is still sent. Where PowerShell hides that behind a null,
# the getter called as a method shows it.
function Read-ReconcilerProperty($Property, [int]$Depth) {
    try {
        $value = $Property.Value
        if ($null -eq $value) {
            $value = $Property.get_Value()
        }
        ConvertTo-ReconcilerJson $value $Depth
    } catch {
        ConvertTo-ReconcilerTagged '$error' (Get-ReconcilerTypeName $_.Exception)
    }
}

function ConvertTo-ReconcilerJson($Value, [int]$Depth) {
    if ($null -eq $Value -or $Value -is [DBNull]) {
        return 'null'
    }
    if ($Value -is [string]) {
        return (ConvertTo-ReconcilerText $Value)
    }
    if ($Value -is [bool]) {
        if ($Value) {
            return 'true'
        }
        return 'false'
    }
    if ($Value -is [Management.Automation.SwitchParameter]) {
        return (ConvertTo-ReconcilerJson $Value.ToBool() $Depth)
    }
    $kind = ''
    if ($Value.PSObject.TypeNames.Count -gt 0) {
        $kind = [string]$Value.PSObject.TypeNames[0]
    }
    $isDeserialised = Test-ReconcilerStart $kind 'Deserialized.'
    $isCollection = $Value -is [Collections.IEnumerable]
    if ($isDeserialised -and -not $isCollection) {
        return (ConvertTo-ReconcilerDeserialised $Value $kind $Depth)
    }
    $json = ConvertTo-ReconcilerScalar $Value
    if ($null -ne $json) {
        return $json
    }
    $name = $Value.GetType().Name
    $json = ConvertTo-ReconcilerNamed $Value $name $Depth
    if ($null -ne $json) {
        return $json
    }
    if ($Depth -ge 4) {
        return (ConvertTo-ReconcilerOpaque $Value)
    }
    if ($Value -is [Collections.IDictionary]) {
        $parts = New-Object Collections.ArrayList
        foreach ($entry in $Value.GetEnumerator()) {
            $inner = ConvertTo-ReconcilerJson $entry.Value ($Depth + 1)
            [void]$parts.Add((ConvertTo-ReconcilerText ([string]$entry.Key)) + ':' + $inner)
        }
        return '{' + [string]::Join(',', $parts.ToArray()) + '}'
    }
    if ($isCollection) {
        $parts = New-Object Collections.ArrayList
        foreach ($element in $Value) {
            [void]$parts.Add((ConvertTo-ReconcilerJson $element ($Depth + 1)))
        }
        return '[' + [string]::Join(',', $parts.ToArray()) + ']'
    }
    if ($Value -is [Management.Automation.PSCustomObject] -or $Value.PSObject.BaseObject -is [Management.Automation.PSCustomObject]) {
        return (ConvertTo-ReconcilerBag $Value $Depth)
    }
    ConvertTo-ReconcilerOpaque $Value
}
