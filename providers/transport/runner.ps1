# The part of reconciler that runs on a server. It is a constant: what to do comes as data, one request a line.
#
# Dialect: PowerShell 2.0. Strings are compared by ordinal rules only, because -eq, -contains, switch and -like
# follow a language and hold look-alikes for equal. JSON is read and written here, because the serializers of .NET
# and of PowerShell differ from version to version. Everything on the wire is ASCII.
#
# The bootstrap dot-sources this text and then calls Invoke-ReconcilerLine for every line of standard input.

# --- state -----------------------------------------------------------------------------------------------------------

function New-ReconcilerTable {
    New-Object 'System.Collections.Generic.Dictionary[string,object]' ([StringComparer]::Ordinal)
}

function New-ReconcilerSet([string[]]$Names) {
    $set = New-Object 'System.Collections.Generic.Dictionary[string,bool]' ([StringComparer]::OrdinalIgnoreCase)
    foreach ($name in $Names) {
        $set[$name] = $true
    }
    , $set
}

$Reconciler = @{
    Nonce = ''
    Invariant = [Globalization.CultureInfo]::InvariantCulture
    English = New-Object Globalization.CultureInfo 'en-US'
    Culture = [Globalization.CultureInfo]::CurrentCulture.Name
    Utf8 = New-Object Text.UTF8Encoding $false
    Sha1 = [Security.Cryptography.SHA1]::Create()
    Line = [regex]'^([0-9]{1,9}) ([0-9a-f]{8}) ([A-Za-z0-9+/]+={0,2})\z'
    Token = [regex]'\G[ \t\r\n]*("[^"\\]*(?:\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})[^"\\]*)*"|-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null|[{}\[\],:])'
    Unsafe = [regex]'[^ !#-\[\]-~]'
    Name = [regex]'^[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+|\.ps1)\z'
    FailureType = [regex]'\[FailureCategory=[A-Za-z]+-([A-Za-z0-9_]+)\]'
    At = 0
    Buffer = New-Object Text.StringBuilder
    Flushed = [Diagnostics.Stopwatch]::StartNew()
    Burst = $null
    Stored = New-ReconcilerTable
    Ids = New-Object Collections.Queue
    StoredSize = 0
    Executed = New-ReconcilerTable
    Allowed = New-ReconcilerTable
    Commands = New-ReconcilerTable
    Always = $null
    Sources = $null
    Adapter = 'none'
    IsReady = $false
    Credential = $null
    Session = $null
    SessionUsed = $null
    Mutex = 'Global\reconciler-exchucutil'
    SessionIdleSeconds = 300
    Product = ''
    Reply = $null
    ReplyId = $null
    ReplySize = 0
    IsRead = $false
    Part = $null
    Count = 0
    PartNumber = 0
    Properties = $null
    Output = $null
    Objects = $null
    StoredMost = 5000
    StoredSizeMost = 33554432
    ReadSizeMost = 1048576
    ExecutedMost = 200000
    PartMost = 1000
    PartSizeMost = 4194304
}

# Types that say what they are by ToString. Collections among the values of a property are told by what they are.
$Reconciler.Texts = New-ReconcilerSet @(
    'SmtpAddress', 'SmtpDomain', 'ProxyAddress', 'SmtpProxyAddress', 'EumProxyAddress', 'X400ProxyAddress',
    'CustomProxyAddress', 'InvalidProxyAddress', 'MeumProxyAddressE164', 'MeumProxyAddressGateway',
    'ProxyAddressTemplate', 'E164Number', 'Version', 'ServerVersion', 'Uri', 'CultureInfo', 'ScheduleInterval',
    'IPAddress', 'UMSmartHost', 'UMLanguage', 'NumberFormat',
    'DialGroupEntry', 'CustomMenuKeyMapping', 'LocalizedString', 'SipUri', 'RtcUri', 'LineUri', 'Char', 'Fqdn',
    'NetID', 'ServerIdParameter', 'XdsIdentity', 'XdsGlobalRelativeIdentity', 'SimpleMailboxId', 'DatabaseIdParameter'
)
# Of these the deserialised form is worth its text, not its properties.
$Reconciler.Identities = New-ReconcilerSet @(
    'ADObjectId', 'X500DistinguishedName', 'XdsIdentity', 'MailboxId', 'EnhancedTimeSpan', 'TimeSpan', 'ExDateTime'
)
$Reconciler.Secrets = New-ReconcilerSet @('SecureString', 'PSCredential', 'ScriptBlock')
# What the operations of the runner itself tell.
$Reconciler.Services = @('Name', 'Status', 'StartTime', 'HostClock', 'RunningDependents', 'ScriptRunning')
$Reconciler.Facts = @(
    'User', 'Authentication', 'Impersonation', 'Elevated', 'Language', 'FarLanguage', 'ExecutionPolicy', 'Clr', 'Clock',
    'Missing', 'Quotas', 'DirectoryOk', 'DirectoryServer', 'DirectoryError', 'Script'
)

# The elements of a list that may be missing: PowerShell 2.0 goes through foreach once for a null.
function Get-ReconcilerItems($List) {
    if ($null -ne $List) {
        $List
    }
}

function Test-ReconcilerSame($Left, $Right) {
    [string]::Equals([string]$Left, [string]$Right, [StringComparison]::Ordinal)
}

function Test-ReconcilerName($Left, $Right) {
    [string]::Equals([string]$Left, [string]$Right, [StringComparison]::OrdinalIgnoreCase)
}

function Test-ReconcilerStart([string]$Text, [string]$Start) {
    $Text.StartsWith($Start, [StringComparison]::Ordinal)
}

# A type's name without namespace. Arguments of a generic type follow in brackets, full of stops.
function Get-ReconcilerLastName([string]$Type) {
    $bracket = $Type.IndexOf([char]91)
    if ($bracket -ge 0) {
        $Type = $Type.Substring(0, $bracket)
    }
    $Type.Substring($Type.LastIndexOf([char]46) + 1)
}

# --- reading JSON ----------------------------------------------------------------------------------------------------

function ConvertFrom-ReconcilerJson([string]$Text) {
    $tokens = New-Object Collections.ArrayList
    $match = $Reconciler.Token.Match($Text)
    $end = 0
    while ($match.Success) {
        [void]$tokens.Add($match.Groups[1].Value)
        $end = $match.Index + $match.Length
        $match = $match.NextMatch()
    }
    if ($Text.Substring($end).Trim().Length -gt 0) {
        throw 'not JSON'
    }
    $Reconciler.At = 0
    $value = Read-ReconcilerValue $tokens 0
    if ($Reconciler.At -ne $tokens.Count) {
        throw 'text after the JSON value'
    }
    , $value
}

# A token beyond the last one is an error of the index, which says as much as a text would.
function Read-ReconcilerValue($Tokens, $Depth) {
    if ($Depth -gt 16) {
        throw 'JSON nested too deep'
    }
    $token = $Tokens[$Reconciler.At]
    $Reconciler.At++
    $first = [int][char]$token[0]
    if ($first -eq 34) {
        if ($token.IndexOf([char]92) -lt 0) {
            return $token.Substring(1, $token.Length - 2)
        }
        return (Read-ReconcilerString $token)
    }
    if ($first -eq 123) {
        return (Read-ReconcilerObject $Tokens $Depth)
    }
    if ($first -eq 91) {
        $list = Read-ReconcilerList $Tokens $Depth
        return , $list
    }
    if ($first -eq 116) {
        return $true
    }
    if ($first -eq 102) {
        return $false
    }
    if ($first -eq 110) {
        return $null
    }
    if (($first -ge 48 -and $first -le 57) -or $first -eq 45) {
        return (Read-ReconcilerNumber $token)
    }
    throw 'JSON value expected'
}

function Read-ReconcilerObject($Tokens, $Depth) {
    $object = New-Object 'System.Collections.Generic.Dictionary[string,object]' ([StringComparer]::Ordinal)
    if ([int][char]$Tokens[$Reconciler.At][0] -eq 125) {
        $Reconciler.At++
        return $object
    }
    while ($true) {
        $token = $Tokens[$Reconciler.At]
        if ([int][char]$token[0] -ne 34 -or [int][char]$Tokens[$Reconciler.At + 1][0] -ne 58) {
            throw 'JSON name and colon expected'
        }
        $Reconciler.At += 2
        $name = $token.Substring(1, $token.Length - 2)
        if ($name.IndexOf([char]92) -ge 0) {
            $name = Read-ReconcilerString $token
        }
        if ($object.ContainsKey($name)) {
            throw 'JSON name twice'
        }
        $object[$name] = Read-ReconcilerValue $Tokens ($Depth + 1)
        $mark = [int][char]$Tokens[$Reconciler.At][0]
        $Reconciler.At++
        if ($mark -eq 125) {
            return $object
        }
        if ($mark -ne 44) {
            throw 'JSON comma expected'
        }
    }
}

function Read-ReconcilerList($Tokens, $Depth) {
    $list = New-Object Collections.ArrayList
    $mark = [int][char]$Tokens[$Reconciler.At][0]
    if ($mark -eq 93) {
        $Reconciler.At++
        return , $list.ToArray()
    }
    while ($true) {
        $value = Read-ReconcilerValue $Tokens ($Depth + 1)
        [void]$list.Add($value)
        $mark = [int][char]$Tokens[$Reconciler.At][0]
        $Reconciler.At++
        if ($mark -eq 93) {
            return , $list.ToArray()
        }
        if ($mark -ne 44) {
            throw 'JSON comma expected'
        }
    }
}

# The escapes of JSON are escapes of .NET's regular expressions as well; the token's pattern lets no others through.
function Read-ReconcilerString([string]$Token) {
    [regex]::Unescape($Token.Substring(1, $Token.Length - 2))
}

function Read-ReconcilerNumber([string]$Token) {
    if ($Token.IndexOfAny([char[]]@('.', 'e', 'E')) -ge 0) {
        return [double]::Parse($Token, [Globalization.NumberStyles]::Float, $Reconciler.Invariant)
    }
    $number = [decimal]::Parse($Token, [Globalization.NumberStyles]::AllowLeadingSign, $Reconciler.Invariant)
    if ($number -ge -2147483648 -and $number -le 2147483647) {
        return [int]$number
    }
    if ($number -ge -9223372036854775808 -and $number -le 9223372036854775807) {
        return [long]$number
    }
    $number
}

# --- writing JSON: the flatten rules ---------------------------------------------------------------------------------

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
    if ($Time.Kind -eq [DateTimeKind]::Utc) {
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
function ConvertTo-ReconcilerNamed($Value, [string]$Name, $Depth) {
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

function ConvertTo-ReconcilerDeserialised($Value, [string]$Kind, $Depth) {
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

function ConvertTo-ReconcilerBag($Value, $Depth) {
    $parts = New-Object Collections.ArrayList
    foreach ($property in $Value.PSObject.Properties) {
        $inner = Read-ReconcilerProperty $property ($Depth + 1)
        [void]$parts.Add((ConvertTo-ReconcilerText $property.Name) + ':' + $inner)
    }
    '{' + [string]::Join(',', $parts.ToArray()) + '}'
}

# A getter may throw; then the property says so and the rest is still told. Where PowerShell hides that behind a null,
# the getter called as a method shows it.
function Read-ReconcilerProperty($Property, $Depth) {
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

function ConvertTo-ReconcilerJson($Value, $Depth) {
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
        foreach ($key in @($Value.Keys)) {
            [void]$parts.Add((ConvertTo-ReconcilerText ([string]$key)) + ':' + (ConvertTo-ReconcilerJson $Value[$key] ($Depth + 1)))
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

# --- lines out -------------------------------------------------------------------------------------------------------

function Get-ReconcilerCheck([string]$Payload) {
    $hash = $Reconciler.Sha1.ComputeHash($Reconciler.Utf8.GetBytes($Payload))
    [BitConverter]::ToString($hash, 0, 4).Replace('-', '').ToLowerInvariant()
}

# Length, check and payload: how a line tells JSON, in either direction.
function ConvertTo-ReconcilerLine([string]$Json) {
    $payload = [Convert]::ToBase64String($Reconciler.Utf8.GetBytes($Json))
    $payload.Length.ToString($Reconciler.Invariant) + ' ' + (Get-ReconcilerCheck $payload) + ' ' + $payload
}

function New-ReconcilerLine([string]$Json, [string]$Mark) {
    $Reconciler.Nonce + ' ' + $Mark + (ConvertTo-ReconcilerLine $Json)
}

function Write-ReconcilerLine([string]$Line) {
    [void]$Reconciler.Buffer.Append($Line).Append([char]10)
    if ($Reconciler.Buffer.Length -ge 65536) {
        Clear-ReconcilerBuffer
    }
}

function Clear-ReconcilerBuffer {
    if ($Reconciler.Buffer.Length -gt 0) {
        [Console]::Out.Write($Reconciler.Buffer.ToString())
        [Console]::Out.Flush()
        $Reconciler.Buffer.Length = 0
    }
    $Reconciler.Flushed = [Diagnostics.Stopwatch]::StartNew()
}

# A reply is one line or several; all of them are kept together, for as long as they are kept.
function Add-ReconcilerReply([string]$Json, [string]$Mark) {
    $line = New-ReconcilerLine $Json $Mark
    $Reconciler.ReplySize += $line.Length
    if ($Reconciler.IsRead -and $Reconciler.ReplySize -gt $Reconciler.ReadSizeMost) {
        $Reconciler.Reply.Clear()
    } else {
        [void]$Reconciler.Reply.Add($line)
    }
    Write-ReconcilerLine $line
}

# A long listing is not kept: reading again is harmless.
function Save-ReconcilerReply([string]$Id) {
    if ($Reconciler.Reply.Count -eq 0) {
        return
    }
    $Reconciler.Stored[$Id] = $Reconciler.Reply.ToArray()
    $Reconciler.Ids.Enqueue(@($Id, $Reconciler.ReplySize))
    $Reconciler.StoredSize += $Reconciler.ReplySize
    while ($Reconciler.Ids.Count -gt $Reconciler.StoredMost -or
        ($Reconciler.StoredSize -gt $Reconciler.StoredSizeMost -and $Reconciler.Ids.Count -gt 1)) {
        $oldest = $Reconciler.Ids.Dequeue()
        [void]$Reconciler.Stored.Remove($oldest[0])
        $Reconciler.StoredSize -= $oldest[1]
    }
}

# --- errors ----------------------------------------------------------------------------------------------------------

function Get-ReconcilerRoot($Exception) {
    while ($null -ne $Exception.InnerException -and (
            $Exception.GetType().Equals([Management.Automation.RuntimeException]) -or
            $Exception -is [Management.Automation.GetValueException] -or
            $Exception -is [Management.Automation.MethodInvocationException] -or
            $Exception -is [Management.Automation.CmdletInvocationException])) {
        $Exception = $Exception.InnerException
    }
    $Exception
}

function Get-ReconcilerTypeName($Exception) {
    $root = Get-ReconcilerRoot $Exception
    $root.GetType().Name
}

# The type names of an exception and of those inside it. What came through a remote session carries them as text.
function Get-ReconcilerTypes($Exception) {
    $types = New-Object Collections.ArrayList
    while ($null -ne $Exception -and $types.Count -lt 8) {
        $remote = $null
        if ($Exception -is [Management.Automation.RemoteException]) {
            $remote = $Exception.SerializedRemoteException
        }
        if ($null -ne $remote -and $remote.PSObject.TypeNames.Count -gt 0) {
            $name = [string]$remote.PSObject.TypeNames[0]
        } else {
            $name = $Exception.GetType().FullName
        }
        [void]$types.Add((Get-ReconcilerLastName $name))
        $Exception = $Exception.InnerException
    }
    , $types.ToArray()
}

function Limit-ReconcilerText([string]$Text, [int]$Most) {
    if ($Text.Length -gt $Most) {
        return $Text.Substring(0, $Most)
    }
    $Text
}

function New-ReconcilerError([string]$Id, [string]$Type, [string]$ErrorId, [string]$Category, [string]$Message, [string]$Target, [string[]]$Inner, [bool]$Executed) {
    $names = New-Object Collections.ArrayList
    foreach ($name in @(Get-ReconcilerItems $Inner)) {
        if ($name) {
            [void]$names.Add((ConvertTo-ReconcilerText $name))
        }
    }
    $json = '{"id":' + (ConvertTo-ReconcilerText $Id) + ',"ok":false,"error":{"type":' + (ConvertTo-ReconcilerText $Type)
    $json += ',"id":' + (ConvertTo-ReconcilerText (Limit-ReconcilerText $ErrorId 1000))
    $json += ',"category":' + (ConvertTo-ReconcilerText $Category)
    $json += ',"message":' + (ConvertTo-ReconcilerText (Limit-ReconcilerText $Message 2000))
    $json += ',"target":' + (ConvertTo-ReconcilerText (Limit-ReconcilerText $Target 500))
    $json += ',"inner":[' + [string]::Join(',', $names.ToArray()) + ']'
    if (-not $Executed) {
        $json += ',"executed":false'
    }
    $json + '}}'
}

# What was certainly not done.
function New-ReconcilerRefusal([string]$Id, [string]$Type, [string]$Category, [string]$Message, [string]$Target) {
    New-ReconcilerError $Id $Type $Type $Category $Message $Target @() $false
}

function New-ReconcilerDone([string]$Id) {
    '{"id":' + (ConvertTo-ReconcilerText $Id) + ',"ok":true,"records":[],"warnings":[]}'
}

# True where the binder refused the call, so that the cmdlet did not begin.
function Test-ReconcilerUnbound($Record, $Types, [string]$Cmdlet) {
    if (-not (Test-ReconcilerName $Record.CategoryInfo.Activity $Cmdlet)) {
        return $false
    }
    $Types[0].StartsWith('ParameterBinding', [StringComparison]::Ordinal)
}

function ConvertTo-ReconcilerError([string]$Id, $Record, [string]$Cmdlet) {
    $exception = Get-ReconcilerRoot $Record.Exception
    $types = Get-ReconcilerTypes $exception
    $type = $types[0]
    $failure = $Reconciler.FailureType.Match([string]$Record.FullyQualifiedErrorId)
    if ($failure.Success -and $exception -is [Management.Automation.RemoteException]) {
        $type = $failure.Groups[1].Value
    }
    $executed = -not (Test-ReconcilerUnbound $Record $types $Cmdlet)
    $category = $Record.CategoryInfo.Category.ToString()
    New-ReconcilerError $Id $type $Record.FullyQualifiedErrorId $category $exception.Message ([string]$Record.TargetObject) $types $executed
}

# --- finding and calling a cmdlet ------------------------------------------------------------------------------------

function Find-ReconcilerCommand([string]$Name) {
    if ($Reconciler.Commands.ContainsKey($Name)) {
        return $Reconciler.Commands[$Name]
    }
    $found = $null
    $candidates = New-Object Collections.ArrayList
    foreach ($candidate in @(Get-Command -Name $Name -CommandType @('Cmdlet', 'Function') -ErrorAction SilentlyContinue)) {
        [void]$candidates.Add($candidate)
    }
    # The full shell that exchucutil needs may have brought commands of the same names, which stand before ours.
    foreach ($module in @(Get-Module -ErrorAction SilentlyContinue)) {
        if ($null -ne $module -and $module.ExportedFunctions.ContainsKey($Name)) {
            [void]$candidates.Add($module.ExportedFunctions[$Name])
        }
    }
    foreach ($candidate in $candidates) {
        if ($null -eq $candidate -or -not (Test-ReconcilerName $candidate.Name $Name)) {
            continue
        }
        if (Test-ReconcilerSource $candidate) {
            $found = $candidate
            break
        }
    }
    if ($null -ne $found) {
        $Reconciler.Commands[$Name] = $found
    }
    $found
}

# True where a command comes from what the adapter loaded, or from PowerShell itself.
function Test-ReconcilerSource($Command) {
    if ($null -eq $Reconciler.Sources) {
        return $true
    }
    $source = [string]$Command.ModuleName
    if ($Command -is [Management.Automation.CmdletInfo] -and $null -ne $Command.PSSnapIn) {
        $source = [string]$Command.PSSnapIn.Name
    }
    $Reconciler.Sources.ContainsKey($source)
}

function ConvertTo-ReconcilerArgument($Value) {
    if ($Value -is [Array]) {
        $list = New-Object Collections.ArrayList
        foreach ($element in $Value) {
            [void]$list.Add((ConvertTo-ReconcilerArgument $element))
        }
        return , $list.ToArray()
    }
    if ($Value -isnot [Collections.IDictionary]) {
        return $Value
    }
    if ($Value.ContainsKey('$secure')) {
        return (ConvertTo-ReconcilerSecure $Value['$secure'])
    }
    if ($Value.ContainsKey('$bytes')) {
        $bytes = [Convert]::FromBase64String($Value['$bytes'])
        return , $bytes
    }
    if (-not ($Value.ContainsKey('$add') -or $Value.ContainsKey('$remove'))) {
        throw 'unknown tagged value'
    }
    $delta = @{}
    if ($Value.ContainsKey('$add') -and $Value['$add'].Length -gt 0) {
        $delta['Add'] = $Value['$add']
    }
    if ($Value.ContainsKey('$remove') -and $Value['$remove'].Length -gt 0) {
        $delta['Remove'] = $Value['$remove']
    }
    $delta
}

function ConvertTo-ReconcilerSecure([string]$Text) {
    $secure = New-Object Security.SecureString
    foreach ($character in $Text.ToCharArray()) {
        $secure.AppendChar($character)
    }
    $secure.MakeReadOnly()
    $secure
}

function New-ReconcilerSplat($Parameters) {
    $splat = @{}
    if ($null -ne $Parameters) {
        foreach ($name in @($Parameters.Keys)) {
            $splat[$name] = ConvertTo-ReconcilerArgument $Parameters[$name]
        }
    }
    $splat
}

function Add-ReconcilerStandard($Splat, $Command) {
    $known = $Command.Parameters
    if ($null -eq $known) {
        return
    }
    $standard = @{ ErrorAction = 'Stop'; WarningAction = 'SilentlyContinue'; WarningVariable = 'ReconcilerWarnings'; Confirm = $false }
    if ($null -ne $Reconciler.Always) {
        foreach ($name in @($Reconciler.Always.Keys)) {
            $standard[$name] = ConvertTo-ReconcilerArgument $Reconciler.Always[$name]
        }
    }
    foreach ($name in @($standard.Keys)) {
        if ($known.ContainsKey($name) -and -not $Splat.ContainsKey($name)) {
            $Splat[$name] = $standard[$name]
        }
    }
}

function Start-ReconcilerRecords($Names) {
    $Reconciler.Part = New-Object Text.StringBuilder
    $Reconciler.Count = 0
    $Reconciler.PartNumber = 1
    $Reconciler.Properties = New-Object Collections.ArrayList
    foreach ($name in @(Get-ReconcilerItems $Names)) {
        [void]$Reconciler.Properties.Add(@($name, ((ConvertTo-ReconcilerText $name) + ':')))
    }
}

# One pass over the properties asked for. Common kinds of value are written here, without a call of a function: a listing
# has twelve of them for each of ten thousand objects, and a call costs more than all else that a value needs.
function Write-ReconcilerRecords {
    begin {
        $pairs = $Reconciler.Properties.ToArray()
        $unsafe = $Reconciler.Unsafe
        $texts = $Reconciler.Texts
        $ordinal = [StringComparison]::Ordinal
        $invariant = $Reconciler.Invariant
    }
    process {
        $item = $_
        if ($null -eq $item) {
            return
        }
        if ($Reconciler.Count -ge $Reconciler.PartMost -or $Reconciler.Part.Length -ge $Reconciler.PartSizeMost) {
            Send-ReconcilerPart
        }
        $json = $Reconciler.Part
        $mark = '{'
        if ($Reconciler.Count -gt 0) {
            $mark = ',{'
        }
        $start = $json.Length
        $Reconciler.Count++
        try {
            $known = $item.PSObject.Properties
            foreach ($pair in $pairs) {
                $property = $known[$pair[0]]
                if ($null -eq $property) {
                    continue
                }
                [void]$json.Append($mark).Append($pair[1])
                $mark = ','
                $value = $property.Value
                $text = $null
                if ($value -is [string]) {
                    $text = $value
                } elseif ($null -eq $value -and $null -eq $property.get_Value()) {
                    [void]$json.Append('null')
                } elseif ($value -is [bool]) {
                    if ($value) {
                        [void]$json.Append('true')
                    } else {
                        [void]$json.Append('false')
                    }
                } elseif ($value -is [Collections.IList] -and $value -isnot [byte[]] -and -not $texts.ContainsKey($value.GetType().Name)) {
                    $between = '['
                    foreach ($element in $value) {
                        [void]$json.Append($between)
                        $between = ','
                        if ($element -is [string] -and -not $unsafe.IsMatch($element)) {
                            [void]$json.Append('"').Append($element).Append('"')
                        } else {
                            [void]$json.Append((ConvertTo-ReconcilerJson $element 1))
                        }
                    }
                    if ([int][char]$between[0] -eq 91) {
                        [void]$json.Append('[')
                    }
                    [void]$json.Append(']')
                } elseif ($value -is [DateTime]) {
                    [void]$json.Append('"').Append($value.ToUniversalTime().ToString('o', $invariant)).Append('"')
                } elseif ($value -is [Guid]) {
                    [void]$json.Append('"').Append($value.ToString('d')).Append('"')
                } elseif ($value -is [int] -and $value -is [PSObject] -and $value.PSObject.TypeNames[0].StartsWith('Deserialized.', $ordinal)) {
                    # An enumeration as a remote session hands it on: a number that says its name.
                    $text = $value.ToString()
                } elseif ($value -is [PSObject]) {
                    [void]$json.Append((ConvertTo-ReconcilerJson $value 0))
                } elseif ($value -is [int]) {
                    [void]$json.Append($value.ToString($invariant))
                } elseif ($value -is [Enum]) {
                    $text = $value.ToString()
                } else {
                    [void]$json.Append((Read-ReconcilerProperty $property 0))
                }
                if ($null -eq $text) {
                    continue
                }
                if ($unsafe.IsMatch($text)) {
                    [void]$json.Append((ConvertTo-ReconcilerText $text))
                } else {
                    [void]$json.Append('"').Append($text).Append('"')
                }
            }
        } catch {
            $json.Length = $start
            Write-ReconcilerCarefully $item
            return
        }
        if ([int][char]$mark[$mark.Length - 1] -eq 123) {
            [void]$json.Append($mark)
        }
        [void]$json.Append('}')
    }
}

# The record of an object that has a property which cannot be read: the others are still told.
function Write-ReconcilerCarefully($Item) {
    $parts = New-Object Collections.ArrayList
    foreach ($pair in $Reconciler.Properties) {
        $property = $Item.PSObject.Properties[$pair[0]]
        if ($null -ne $property) {
            [void]$parts.Add($pair[1] + (Read-ReconcilerProperty $property 0))
        }
    }
    if ($Reconciler.Count -gt 1) {
        [void]$Reconciler.Part.Append(',')
    }
    [void]$Reconciler.Part.Append('{').Append([string]::Join(',', $parts.ToArray())).Append('}')
}

function Send-ReconcilerPart {
    $json = '{"id":' + $Reconciler.ReplyId + ',"part":' + $Reconciler.PartNumber.ToString($Reconciler.Invariant)
    Add-ReconcilerReply ($json + ',"ok":true,"more":true,"records":[' + $Reconciler.Part.ToString() + ']}')
    $Reconciler.PartNumber++
    $Reconciler.Part = New-Object Text.StringBuilder
    $Reconciler.Count = 0
}

function Send-ReconcilerResult($Warnings, [string]$Output) {
    $told = New-Object Collections.ArrayList
    foreach ($warning in @(Get-ReconcilerItems $Warnings)) {
        [void]$told.Add((ConvertTo-ReconcilerText (Limit-ReconcilerText ([string]$warning) 2000)))
    }
    $json = '{"id":' + $Reconciler.ReplyId + ',"ok":true'
    if ($Reconciler.PartNumber -gt 1) {
        $json += ',"part":' + $Reconciler.PartNumber.ToString($Reconciler.Invariant)
    }
    $json += ',"records":[' + $Reconciler.Part.ToString() + '],"warnings":[' + [string]::Join(',', $told.ToArray()) + ']'
    Add-ReconcilerReply ($json + ',"output":' + (ConvertTo-ReconcilerText $Output) + '}')
}

function Invoke-ReconcilerCmdlet($Request, [string]$Id) {
    $cmdlet = [string]$Request['cmdlet']
    $command = Find-ReconcilerCommand $cmdlet
    if ($null -eq $command) {
        $message = 'The cmdlet does not exist here, or the account has no role that holds it.'
        Add-ReconcilerReply (New-ReconcilerRefusal $Id 'CommandNotFoundException' 'ObjectNotFound' $message $cmdlet)
        return $false
    }
    $splat = New-ReconcilerSplat $Request['params']
    Add-ReconcilerStandard $splat $command
    $ReconcilerWarnings = $null
    if ($Request['read'] -or $Reconciler.Properties.Count -gt 0) {
        & $command @splat | Write-ReconcilerRecords
    } else {
        & $command @splat | Out-Null
    }
    Send-ReconcilerResult $ReconcilerWarnings ''
    $true
}

# The proxies of a remote session take -ErrorAction along to the far side and write its errors by the preference that
# holds globally, so that without this an error would be no failure. Scripts keep the preference of the server.
function Invoke-ReconcilerStrictly($Request, [string]$Id) {
    $preference = $global:ErrorActionPreference
    $global:ErrorActionPreference = 'Stop'
    try {
        Invoke-ReconcilerCmdlet $Request $Id
    } finally {
        $global:ErrorActionPreference = $preference
    }
}

# --- exchucutil ------------------------------------------------------------------------------------------------------

# A value of the newest Exchange's setup, or nothing.
function Get-ReconcilerSetup([string]$Name) {
    foreach ($key in @('ExchangeServer\v15', 'ExchangeServer\v14', 'Exchange\v8.0', 'Exchange')) {
        try {
            $value = [Microsoft.Win32.Registry]::GetValue('HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\' + $key + '\Setup', $Name, $null)
        } catch {
            return
        }
        if ($null -ne $value) {
            return [string]$value
        }
    }
}

function Get-ReconcilerInstall {
    if ($env:ExchangeInstallPath) {
        return $env:ExchangeInstallPath
    }
    Get-ReconcilerSetup 'MsiInstallPath'
}

# The script needs every cmdlet, and language: the full shell of the server. Called with a dot, so that what the server's
# own scripts define is there for the script that follows.
function Enter-ReconcilerFullShell([string]$Install) {
    $remote = [IO.Path]::Combine([IO.Path]::Combine($Install, 'bin'), 'RemoteExchange.ps1')
    if ([IO.File]::Exists($remote)) {
        [void](New-ReconcilerPipeline $remote @{} $false).Invoke()
        $connect = Get-Command -Name 'Connect-ExchangeServer' -ErrorAction SilentlyContinue
        if ($null -ne $connect) {
            # It keeps what it brings as a module of the account's for days. Unless told otherwise, it leaves out every
            # command whose name is taken here, and the account's next management shell lacks them.
            $options = @{ auto = $true }
            if ($connect.Parameters.ContainsKey('AllowClobber')) {
                $options['AllowClobber'] = $true
            }
            [void](New-ReconcilerPipeline 'Connect-ExchangeServer' $options $true).Invoke()
        }
    } else {
        Add-ReconcilerSnapins | Out-Null
    }
}

function Invoke-ReconcilerScript($Request, [string]$Id) {
    $install = Get-ReconcilerInstall
    $file = $null
    if ($install) {
        $folder = [IO.Path]::Combine($install, 'Scripts')
        $file = [IO.Path]::Combine($folder, [string]$Request['cmdlet'])
    }
    if ($null -eq $file -or -not [IO.File]::Exists($file)) {
        $message = 'The script was not found in the Scripts folder of an Exchange installation.'
        Add-ReconcilerReply (New-ReconcilerRefusal $Id 'ScriptNotFound' 'ObjectNotFound' $message ([string]$Request['cmdlet']))
        return $false
    }
    $splat = New-ReconcilerSplat $Request['params']
    $mutex = Enter-ReconcilerMutex
    if ($null -eq $mutex) {
        $message = 'Another run of the script is still going on here.'
        Add-ReconcilerReply (New-ReconcilerRefusal $Id 'ScriptRunning' 'ResourceBusy' $message $file)
        return $false
    }
    Push-Location $folder
    $directory = [Environment]::CurrentDirectory
    try {
        [Environment]::CurrentDirectory = $folder
        . Enter-ReconcilerFullShell $install
        Send-ReconcilerResult @() (Read-ReconcilerScript $file $splat)
        return $true
    } finally {
        $mutex.ReleaseMutex()
        $mutex.Close()
        [Environment]::CurrentDirectory = $directory
        Pop-Location
    }
}

# Keeps two runs of the script apart on one host. Returns nothing where another run holds the mutex: one that another
# account made cannot even be opened.
function Enter-ReconcilerMutex {
    try {
        $mutex = New-Object Threading.Mutex $false, $Reconciler.Mutex
    } catch {
        if ((Get-ReconcilerRoot $_.Exception) -is [UnauthorizedAccessException]) {
            return
        }
        throw
    }
    try {
        $held = $mutex.WaitOne(0, $false)
    } catch {
        # The run that held it was killed: the mutex is ours now.
        if ((Get-ReconcilerRoot $_.Exception) -isnot [Threading.AbandonedMutexException]) {
            throw
        }
        $held = $true
    }
    if ($held) {
        return $mutex
    }
    $mutex.Close()
}

# A line of the shell, as somebody types it: a statement that fails in a script ends itself, and the script goes on. In a
# call from here it would end the whole script, since there is a try around every request.
function New-ReconcilerPipeline([string]$ReconcilerCommand, $Splat, [bool]$NewScope) {
    $pipeline = [Management.Automation.Runspaces.Runspace]::DefaultRunspace.CreateNestedPipeline()
    $first = New-Object Management.Automation.Runspaces.Command $ReconcilerCommand, $false, $NewScope
    foreach ($name in @($Splat.Keys)) {
        [void]$first.Parameters.Add($name, $Splat[$name])
    }
    [void]$first.MergeMyResults('Error', 'Output')
    [void]$pipeline.Commands.Add($first)
    $pipeline
}

# Objects are laid out together, as a console does; what the script writes itself comes after those that came before.
function Format-ReconcilerOutput {
    $Reconciler.Objects | Out-String -Width 200 -Stream | ForEach-Object {
        [void]$Reconciler.Output.Append([string]$_).Append([char]10)
    }
    $Reconciler.Objects.Clear()
}

# Returns what the script prints, its errors too: the result is judged by reading again, whatever it says. It prints with
# Write-Host, which no redirection of PowerShell 2.0 catches: a function of that name, in whose scope the script runs, does.
function Read-ReconcilerScript([string]$File, $Splat) {
    $Reconciler.Output = New-Object Text.StringBuilder
    $Reconciler.Objects = New-Object Collections.ArrayList
    function Write-Host {
        param(
            [Parameter(Position = 0, ValueFromPipeline = $true, ValueFromRemainingArguments = $true)]
            $Object,
            [switch]$NoNewline,
            $Separator = ' ',
            $ForegroundColor,
            $BackgroundColor
        )
        process {
            Format-ReconcilerOutput
            $texts = New-Object Collections.ArrayList
            foreach ($piece in $Object) {
                [void]$texts.Add([string]$piece)
            }
            [void]$Reconciler.Output.Append([string]::Join([string]$Separator, $texts.ToArray()))
            if (-not $NoNewline) {
                [void]$Reconciler.Output.Append([char]10)
            }
        }
    }
    function Add-ReconcilerOutput {
        process {
            [void]$Reconciler.Objects.Add($_)
        }
    }
    $pipeline = New-ReconcilerPipeline $File $Splat $true
    [void]$pipeline.Commands.Add('Add-ReconcilerOutput')
    try {
        [void]$pipeline.Invoke()
    } catch {
        $ended = $_.Exception.InnerException.ErrorRecord
        if ($null -eq $ended) {
            $ended = $_
        }
        [void]$Reconciler.Objects.Add($ended)
    }
    Format-ReconcilerOutput
    Limit-ReconcilerText $Reconciler.Output.ToString() 262144
}

# --- services --------------------------------------------------------------------------------------------------------

function Get-ReconcilerClock([DateTime]$Time) {
    $Time.ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ss.ffffff', $Reconciler.Invariant) + 'Z'
}

function Test-ReconcilerScriptRunning($Processes) {
    foreach ($process in $Processes) {
        $line = [string]$process.CommandLine
        if ($line.IndexOf('exchucutil', [StringComparison]::OrdinalIgnoreCase) -ge 0) {
            return $true
        }
    }
    try {
        $mutex = [Threading.Mutex]::OpenExisting($Reconciler.Mutex)
        $mutex.Close()
        return $true
    } catch {
        return ((Get-ReconcilerRoot $_.Exception) -is [UnauthorizedAccessException])
    }
}

function Get-ReconcilerDependents($Service) {
    $names = New-Object Collections.ArrayList
    foreach ($dependent in @(Get-ReconcilerItems $Service.DependentServices)) {
        if (Test-ReconcilerSame $dependent.Status.ToString() 'Running') {
            [void]$names.Add([string]$dependent.Name)
        }
    }
    , $names.ToArray()
}

function Invoke-ReconcilerService($Request) {
    $wanted = New-ReconcilerSet @(Get-ReconcilerItems $Request['params']['Name'])
    $processes = @(Get-WmiObject Win32_Process -ErrorAction Stop)
    $running = Test-ReconcilerScriptRunning $processes
    foreach ($found in @(Get-WmiObject Win32_Service -ErrorAction Stop)) {
        if ($null -eq $found -or -not $wanted.ContainsKey([string]$found.Name)) {
            continue
        }
        $service = Get-Service -Name ([string]$found.Name) -ErrorAction Stop
        $start = $null
        foreach ($process in $processes) {
            if ([long]$found.ProcessId -ne 0 -and [long]$process.ProcessId -eq [long]$found.ProcessId) {
                $start = Get-ReconcilerClock ($process.ConvertToDateTime($process.CreationDate))
            }
        }
        $dependents = Get-ReconcilerDependents $service
        $told = New-Object PSObject -Property @{
            Name = [string]$found.Name
            Status = $service.Status.ToString()
            StartTime = $start
            HostClock = Get-ReconcilerClock ([DateTime]::UtcNow)
            RunningDependents = $dependents
            ScriptRunning = $running
        }
        $told | Write-ReconcilerRecords
    }
    Send-ReconcilerResult @() ''
}

# --- probe: what a first look at a host tells ------------------------------------------------------------------------

# What a question answers, or nothing where it cannot be answered here: each stands alone, so that one that fails takes
# no other along.
function Get-ReconcilerFact([ScriptBlock]$Question) {
    try {
        & $Question
    } catch {
        return
    }
}

# Names of the cmdlets that this session does not find: the account has no role that holds them, or the release has not.
function Get-ReconcilerMissing($Names) {
    $missing = New-Object Collections.ArrayList
    foreach ($name in @(Get-ReconcilerItems $Names)) {
        if (-not $Reconciler.Name.IsMatch([string]$name) -or $null -eq (Find-ReconcilerCommand ([string]$name))) {
            [void]$missing.Add([string]$name)
        }
    }
    , $missing.ToArray()
}

# The far side refuses to read a script where it has no language; PowerShell itself tells it by that error's category.
function Get-ReconcilerFarLanguage {
    if ($null -eq $Reconciler.Session) {
        return
    }
    $question = {
        $ExecutionContext.SessionState.LanguageMode
    }
    try {
        $mode = Invoke-Command -Session $Reconciler.Session -ScriptBlock $question -ErrorAction Stop
        return $mode.ToString()
    } catch {
        if (Test-ReconcilerSame $_.CategoryInfo.Category.ToString() 'ParserError') {
            return 'NoLanguage'
        }
    }
}

function Get-ReconcilerQuotas {
    $config = Get-WSManInstance -ResourceURI 'winrm/config' -ErrorAction Stop
    $quotas = @{}
    foreach ($name in @('MaxMemoryPerShellMB', 'MaxShellsPerUser', 'MaxProcessesPerShell', 'MaxConcurrentUsers', 'IdleTimeout')) {
        if ($null -ne $config.Winrs.$name) {
            $quotas[$name] = [long][string]$config.Winrs.$name
        }
    }
    if ($null -ne $config.MaxEnvelopeSizekb) {
        $quotas['MaxEnvelopeSizekb'] = [long][string]$config.MaxEnvelopeSizekb
    }
    if ($quotas.Count -gt 0) {
        $quotas
    }
}

# Everyone may read the root of a directory, so that it proves nothing; the domain's own object needs the account.
function Read-ReconcilerDirectory($Facts) {
    try {
        $root = New-Object DirectoryServices.DirectoryEntry 'LDAP://RootDSE'
        $Facts['DirectoryServer'] = [string]$root.Properties['dnsHostName'].Value
        $domain = [string]$root.Properties['defaultNamingContext'].Value
        $entry = New-Object DirectoryServices.DirectoryEntry ('LDAP://' + $Facts['DirectoryServer'] + '/' + $domain)
        $entry.RefreshCache()
        $Facts['DirectoryOk'] = $entry.Properties['distinguishedName'].Count -gt 0
    } catch {
        $failure = Get-ReconcilerRoot $_.Exception
        $Facts['DirectoryError'] = $failure.GetType().Name
        # A PowerShell that has no directory services cannot tell, which is no failure of the second hop.
        if ($failure -isnot [PlatformNotSupportedException] -and $failure -isnot [Management.Automation.PSArgumentException]) {
            $Facts['DirectoryOk'] = $false
        }
    }
}

function Get-ReconcilerAccount($Facts) {
    $Facts['User'] = [Environment]::UserDomainName + '\' + [Environment]::UserName
    $identity = Get-ReconcilerFact {
        [Security.Principal.WindowsIdentity]::GetCurrent()
    }
    if ($null -eq $identity) {
        return
    }
    $Facts['User'] = Get-ReconcilerFact {
        $identity.Name
    }
    $Facts['Authentication'] = Get-ReconcilerFact {
        $identity.AuthenticationType
    }
    $Facts['Impersonation'] = Get-ReconcilerFact {
        $identity.ImpersonationLevel.ToString()
    }
    $Facts['Elevated'] = Get-ReconcilerFact {
        $principal = New-Object Security.Principal.WindowsPrincipal $identity
        $principal.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)
    }
}

function Test-ReconcilerSession($Parameters) {
    $facts = @{ Missing = (Get-ReconcilerMissing $Parameters['Cmdlets']) }
    foreach ($name in $Reconciler.Facts) {
        if (-not $facts.ContainsKey($name)) {
            $facts[$name] = $null
        }
    }
    Get-ReconcilerAccount $facts
    $facts['Language'] = Get-ReconcilerFact {
        $ExecutionContext.SessionState.LanguageMode.ToString()
    }
    $facts['FarLanguage'] = Get-ReconcilerFact {
        Get-ReconcilerFarLanguage
    }
    $facts['ExecutionPolicy'] = Get-ReconcilerFact {
        (Get-ExecutionPolicy).ToString()
    }
    $facts['Clr'] = [Environment]::Version.ToString()
    $facts['Quotas'] = Get-ReconcilerFact {
        Get-ReconcilerQuotas
    }
    if ($Parameters['Directory']) {
        Read-ReconcilerDirectory $facts
    }
    $facts['Script'] = [bool](Get-ReconcilerFact {
            $scripts = [IO.Path]::Combine((Get-ReconcilerInstall), 'Scripts')
            [IO.File]::Exists([IO.Path]::Combine($scripts, 'exchucutil.ps1'))
        })
    $facts['Clock'] = Get-ReconcilerClock ([DateTime]::UtcNow)
    New-Object PSObject -Property $facts | Write-ReconcilerRecords
    Send-ReconcilerResult @() ''
}

# --- adapters: where the cmdlets come from ---------------------------------------------------------------------------

function Get-ReconcilerSnapins {
    if ($null -eq (Get-Command -Name 'Get-PSSnapin' -ErrorAction SilentlyContinue)) {
        return
    }
    $known = New-ReconcilerSet @(
        'Microsoft.Exchange.Management.PowerShell.Admin', 'Microsoft.Exchange.Management.PowerShell.E2010',
        'Microsoft.Exchange.Management.PowerShell.SnapIn', 'Microsoft.Exchange.Management.PowerShell.Support'
    )
    foreach ($snapin in @(Get-PSSnapin -Registered -ErrorAction SilentlyContinue)) {
        if ($null -ne $snapin -and $known.ContainsKey([string]$snapin.Name)) {
            [string]$snapin.Name
        }
    }
}

# True on Exchange 2007, whose snap-in alone has this name.
function Test-ReconcilerFirstRelease($Snapins) {
    $isFirst = $false
    foreach ($name in $Snapins) {
        if (Test-ReconcilerSame $name 'Microsoft.Exchange.Management.PowerShell.Admin') {
            $isFirst = $true
        } elseif (-not (Test-ReconcilerSame $name 'Microsoft.Exchange.Management.PowerShell.Support')) {
            return $false
        }
    }
    $isFirst
}

function Add-ReconcilerSnapins {
    $names = @(Get-ReconcilerSnapins)
    if ($names.Length -eq 0) {
        throw 'No Exchange snap-in is registered on this server.'
    }
    foreach ($name in $names) {
        # Adding one again is an error.
        if (@(Get-PSSnapin -Name $name -ErrorAction SilentlyContinue).Length -eq 0) {
            Add-PSSnapin -Name $name -ErrorAction Stop
        }
        $name
    }
}

function Get-ReconcilerModule {
    foreach ($module in @(Get-Module -ListAvailable -ErrorAction SilentlyContinue)) {
        if ($null -eq $module) {
            continue
        }
        if ((Test-ReconcilerName $module.Name 'SkypeForBusiness') -or (Test-ReconcilerName $module.Name 'Lync')) {
            return [string]$module.Name
        }
    }
}

function Get-ReconcilerHost {
    $network = [Net.NetworkInformation.IPGlobalProperties]::GetIPGlobalProperties()
    if ($network.DomainName) {
        return $network.HostName + '.' + $network.DomainName
    }
    $network.HostName
}

# Cmdlets that are here already, such as those for services, stay what they are. Of what is none, every folder of the
# path would be searched for a program of that name: asked for by type, a name costs a third.
function Get-ReconcilerRemoteNames($Names) {
    foreach ($name in $Names) {
        if ($name.IndexOf([char]46) -ge 0) {
            continue
        }
        $here = Get-Command -Name $name -CommandType @('Cmdlet', 'Function') -ErrorAction SilentlyContinue
        if ($null -eq $here) {
            $name
        }
    }
}

function Connect-ReconcilerRemote($Names) {
    if (Test-ReconcilerFirstRelease @(Get-ReconcilerSnapins)) {
        throw 'Exchange 2007 has no remote endpoint: this connection needs the adapter snapin.'
    }
    $options = @{
        ConfigurationName = 'Microsoft.Exchange'
        ConnectionUri = 'http://' + (Get-ReconcilerHost) + '/PowerShell/'
        Authentication = 'Kerberos'
        ErrorAction = 'Stop'
    }
    if ($null -ne $Reconciler.Credential) {
        $options['Credential'] = $Reconciler.Credential
    }
    $Reconciler.Session = New-PSSession @options
    $Reconciler.SessionUsed = [Diagnostics.Stopwatch]::StartNew()
    $import = @{ Session = $Reconciler.Session; CommandName = @(Get-ReconcilerRemoteNames $Names); ErrorAction = 'SilentlyContinue' }
    if ((Get-Command -Name 'Import-PSSession').Parameters.ContainsKey('DisableNameChecking')) {
        $import['DisableNameChecking'] = $true
    }
    $module = Import-PSSession @import
    if ($null -eq $module) {
        throw 'The Exchange endpoint offers this account none of the cmdlets asked for.'
    }
    [string]$module.Name
}

# Exchange ends a session to its endpoint that nobody used for a quarter of an hour, and a run may wait longer than that.
function Update-ReconcilerSession {
    if ($null -eq $Reconciler.Session -or $Reconciler.SessionUsed.Elapsed.TotalSeconds -lt $Reconciler.SessionIdleSeconds) {
        return
    }
    $Reconciler.SessionUsed = [Diagnostics.Stopwatch]::StartNew()
    $command = $null
    if ($Reconciler.Allowed.ContainsKey('Get-UMDialPlan')) {
        $command = Find-ReconcilerCommand 'Get-UMDialPlan'
    }
    if ($null -ne $command) {
        try {
            & $command -ErrorAction SilentlyContinue | Out-Null
        } catch {
            return
        }
    }
}

function Get-ReconcilerAdapter([string]$Asked) {
    if (-not (Test-ReconcilerSame $Asked 'auto')) {
        return $Asked
    }
    $snapins = @(Get-ReconcilerSnapins)
    if (Test-ReconcilerFirstRelease $snapins) {
        return 'snapin'
    }
    if ($snapins.Length -gt 0) {
        return 'remote'
    }
    if ($null -ne (Get-ReconcilerModule)) {
        return 'lync'
    }
    throw 'Neither an Exchange snap-in nor a Lync or Skype for Business module is installed on this server.'
}

function Open-ReconcilerAdapter([string]$Asked, $Names) {
    $Reconciler.Adapter = Get-ReconcilerAdapter $Asked
    $sources = New-Object Collections.ArrayList
    if (Test-ReconcilerSame $Reconciler.Adapter 'lync') {
        $module = Get-ReconcilerModule
        if ($null -eq $module) {
            throw 'No Lync or Skype for Business module is installed on this server.'
        }
        $loaded = @(Import-Module $module -PassThru -DisableNameChecking -ErrorAction Stop)
        [void]$sources.Add($module)
        $Reconciler.Product = 'Version ' + [string]$loaded[0].Version
    } elseif (Test-ReconcilerSame $Reconciler.Adapter 'snapin') {
        foreach ($name in @(Add-ReconcilerSnapins)) {
            [void]$sources.Add($name)
        }
    } elseif (Test-ReconcilerSame $Reconciler.Adapter 'remote') {
        [void]$sources.Add((Connect-ReconcilerRemote $Names))
    } else {
        throw 'unknown adapter'
    }
    foreach ($name in @('Microsoft.PowerShell.Management', 'Microsoft.PowerShell.Utility', 'Microsoft.PowerShell.Core')) {
        [void]$sources.Add($name)
    }
    $Reconciler.Sources = New-ReconcilerSet $sources.ToArray()
}

function Get-ReconcilerProduct {
    if ($Reconciler.Product) {
        return $Reconciler.Product
    }
    $major = Get-ReconcilerSetup 'MsiProductMajor'
    if ($null -eq $major) {
        return ''
    }
    $build = (Get-ReconcilerSetup 'MsiBuildMajor') + '.' + (Get-ReconcilerSetup 'MsiBuildMinor')
    'Version ' + $major + '.' + (Get-ReconcilerSetup 'MsiProductMinor') + ' (Build ' + $build + ')'
}

# --- operations ------------------------------------------------------------------------------------------------------

function Initialize-Reconciler($Request, [string]$Id) {
    $nonce = [string]$Request['nonce']
    if (-not ([regex]'^[0-9a-f]{16}\z').IsMatch($nonce)) {
        return
    }
    $Reconciler.Nonce = $nonce
    if ($Request['protocol'] -ne 1) {
        Add-ReconcilerReply (New-ReconcilerRefusal $Id 'ProtocolMismatch' 'InvalidArgument' 'unknown protocol' '')
        return
    }
    $clock = [Diagnostics.Stopwatch]::StartNew()
    $names = New-Object Collections.ArrayList
    foreach ($name in @(Get-ReconcilerItems $Request['allow'])) {
        if ($Reconciler.Name.IsMatch($name)) {
            $Reconciler.Allowed[$name] = $true
            [void]$names.Add($name)
        }
    }
    $Reconciler.Always = $Request['always']
    if ($Request.ContainsKey('credential') -and $null -ne $Request['credential']) {
        $secure = ConvertTo-ReconcilerArgument $Request['credential']['password']
        $Reconciler.Credential = New-Object Management.Automation.PSCredential ([string]$Request['credential']['user']), $secure
    }
    # Said before what may take minutes: whoever waits knows now that input is read while it is open. The first output may
    # bring a byte order mark along: it stands on a line of its own.
    Write-ReconcilerLine ''
    Write-ReconcilerLine ($nonce + ' LOADING')
    Clear-ReconcilerBuffer
    Open-ReconcilerAdapter ([string]$Request['adapter']) $names.ToArray()
    $version = [string]$PSVersionTable.PSVersion.Major + '.' + [string]$PSVersionTable.PSVersion.Minor
    $json = '{"id":' + (ConvertTo-ReconcilerText $Id) + ',"ok":true,"ready":{"ps":' + (ConvertTo-ReconcilerText $version)
    $json += ',"os":' + (ConvertTo-ReconcilerText ([Environment]::OSVersion.Version.ToString()))
    $json += ',"product":' + (ConvertTo-ReconcilerText (Get-ReconcilerProduct))
    $json += ',"culture":' + (ConvertTo-ReconcilerText $Reconciler.Culture)
    $json += ',"host":' + (ConvertTo-ReconcilerText (Get-ReconcilerHost).ToLowerInvariant())
    $json += ',"adapter":' + (ConvertTo-ReconcilerText $Reconciler.Adapter)
    $json += ',"load_ms":' + $clock.ElapsedMilliseconds.ToString($Reconciler.Invariant) + '}}'
    $Reconciler.IsReady = $true
    Add-ReconcilerReply $json 'READY '
}

function Send-ReconcilerStored($Request, [string]$Id) {
    foreach ($wanted in @(Get-ReconcilerItems $Request['ids'])) {
        if (-not (Send-ReconcilerAgain $wanted)) {
            $json = New-ReconcilerRefusal $wanted 'UnknownId' 'ObjectNotFound' 'no reply of that id is kept' $wanted
            Write-ReconcilerLine (New-ReconcilerLine $json)
        }
    }
    Write-ReconcilerLine (New-ReconcilerLine (New-ReconcilerDone $Id))
}

# Sends again what an id was answered, and tells whether it was. A write that ran, and whose reply had to make room, must
# not run again: its outcome has to be looked at.
function Send-ReconcilerAgain([string]$Id) {
    if ($Reconciler.Stored.ContainsKey($Id)) {
        foreach ($line in $Reconciler.Stored[$Id]) {
            Write-ReconcilerLine $line
        }
        return $true
    }
    if (-not $Reconciler.Executed.ContainsKey($Id)) {
        return $false
    }
    $json = New-ReconcilerError $Id 'ReplyForgotten' 'ReplyForgotten' 'ResourceExists' 'the call ran; its reply is no longer kept' $Id @() $true
    Write-ReconcilerLine (New-ReconcilerLine $json)
    $true
}

function Invoke-ReconcilerOperation($Request, [string]$Id, [string]$Operation) {
    if (Test-ReconcilerSame $Operation 'ping') {
        Update-ReconcilerSession
        Add-ReconcilerReply (New-ReconcilerDone $Id)
        return $false
    }
    $cmdlet = [string]$Request['cmdlet']
    if (-not $Reconciler.IsReady) {
        Add-ReconcilerReply (New-ReconcilerRefusal $Id 'NotReady' 'InvalidOperation' 'the session is not ready' $cmdlet)
        return $false
    }
    if (-not $Reconciler.Allowed.ContainsKey($cmdlet)) {
        Add-ReconcilerReply (New-ReconcilerRefusal $Id 'CommandNotAllowed' 'PermissionDenied' 'not among the cmdlets of this session' $cmdlet)
        return $false
    }
    $limit = $Request['expires_in_seconds']
    if ($null -ne $limit -and $Reconciler.Burst.Elapsed.TotalSeconds -ge [double]$limit) {
        Add-ReconcilerReply (New-ReconcilerRefusal $Id 'CommandExpired' 'OperationTimeout' 'its turn came too late' $cmdlet)
        return $false
    }
    if (Test-ReconcilerSame $Operation 'service') {
        Start-ReconcilerRecords $Reconciler.Services
        Invoke-ReconcilerService $Request
        return $true
    }
    if (Test-ReconcilerSame $Operation 'probe') {
        Start-ReconcilerRecords $Reconciler.Facts
        Test-ReconcilerSession $Request['params']
        return $true
    }
    Start-ReconcilerRecords $Request['properties']
    if (Test-ReconcilerSame $Operation 'invoke') {
        return (Invoke-ReconcilerStrictly $Request $Id)
    }
    if (Test-ReconcilerSame $Operation 'script') {
        return (Invoke-ReconcilerScript $Request $Id)
    }
    Add-ReconcilerReply (New-ReconcilerRefusal $Id 'UnknownOperation' 'InvalidArgument' 'unknown operation' $Operation)
    $false
}

# Runs one operation, or sends again what it was answered.
function Invoke-ReconcilerOnce($Request, [string]$Id, [string]$Operation) {
    if (Send-ReconcilerAgain $Id) {
        return
    }
    $isKept = $true
    $Reconciler.IsRead = [bool]$Request['read']
    $Reconciler.Reply = New-Object Collections.ArrayList
    $Reconciler.ReplySize = 0
    $Reconciler.ReplyId = ConvertTo-ReconcilerText $Id
    try {
        if (Test-ReconcilerSame $Operation 'init') {
            Initialize-Reconciler $Request $Id
        } else {
            $isKept = @(Invoke-ReconcilerOperation $Request $Id $Operation)[-1]
        }
    } catch {
        $failure = $_
        try {
            $json = ConvertTo-ReconcilerError $Id $failure ([string]$Request['cmdlet'])
        } catch {
            $json = New-ReconcilerError $Id 'Exception' '' 'NotSpecified' 'the error cannot be told' '' @() $true
        }
        $isKept = $json.IndexOf(',"executed":false}}', [StringComparison]::Ordinal) -lt 0
        Add-ReconcilerReply $json
    }
    if ($isKept) {
        if (-not $Reconciler.IsRead -and $Reconciler.Executed.Count -lt $Reconciler.ExecutedMost) {
            $Reconciler.Executed[$Id] = $true
        }
        Save-ReconcilerReply $Id
    }
}

function Send-ReconcilerBadLine {
    if ($Reconciler.Nonce.Length -gt 0) {
        Write-ReconcilerLine ($Reconciler.Nonce + ' BADLINE')
        Clear-ReconcilerBuffer
    }
}

function Read-ReconcilerRequest([string]$Line) {
    $match = $Reconciler.Line.Match($Line)
    if (-not $match.Success) {
        return
    }
    $payload = $match.Groups[3].Value
    if ($payload.Length -ne [int]$match.Groups[1].Value) {
        return
    }
    if (-not (Test-ReconcilerSame (Get-ReconcilerCheck $payload) $match.Groups[2].Value)) {
        return
    }
    try {
        $request = ConvertFrom-ReconcilerJson ($Reconciler.Utf8.GetString([Convert]::FromBase64String($payload)))
        if ($request -is [Collections.IDictionary] -and $request['id'] -is [string] -and $request['op'] -is [string]) {
            $request
        }
    } catch {
        return
    }
}

function Invoke-ReconcilerLine([string]$Line) {
    if ($Line.Length -eq 0) {
        return
    }
    # The lines of one send come one after the other; its last one asks for the flush that ends the burst.
    if ($null -eq $Reconciler.Burst) {
        $Reconciler.Burst = [Diagnostics.Stopwatch]::StartNew()
    }
    $request = Read-ReconcilerRequest $Line
    if ($null -eq $request) {
        Send-ReconcilerBadLine
        return
    }
    # In PowerShell 2.0 a pipeline may get a new thread, and with it the culture of the server.
    [Threading.Thread]::CurrentThread.CurrentCulture = $Reconciler.English
    [Threading.Thread]::CurrentThread.CurrentUICulture = $Reconciler.English
    $id = $request['id']
    $operation = $request['op']
    if (Test-ReconcilerSame $operation 'exit') {
        Write-ReconcilerLine (New-ReconcilerLine (New-ReconcilerDone $id))
        Complete-Reconciler
        exit 0
    }
    if (Test-ReconcilerSame $operation 'replay') {
        Send-ReconcilerStored $request $id
    } else {
        Invoke-ReconcilerOnce $request $id $operation
    }
    if ($request['flush'] -or (Test-ReconcilerSame $operation 'init')) {
        $Reconciler.Burst = $null
        Clear-ReconcilerBuffer
    } elseif ($Reconciler.Flushed.Elapsed.TotalSeconds -ge 1) {
        Clear-ReconcilerBuffer
    }
}

function Complete-Reconciler {
    Clear-ReconcilerBuffer
    if ($null -ne $Reconciler.Session) {
        Remove-PSSession $Reconciler.Session -ErrorAction SilentlyContinue
        $Reconciler.Session = $null
    }
}
