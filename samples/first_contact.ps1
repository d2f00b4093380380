# First contact: what only a Windows PowerShell with a real Exchange or Lync server can prove.
#
# Run it on an Exchange server, and on a Lync or Skype for Business server, in Windows PowerShell 2.0 to 5.1:
#
#     powershell.exe -NoProfile -ExecutionPolicy Bypass -File first_contact.ps1 -Runner runner -Out report.txt
#
# It loads the runner that reconciler ships (the folder providers/transport/runner; beside this script unless -Runner
# says otherwise), hands it the same request lines that a session would, within this process, and tells what came back. Then
# it starts a PowerShell of its own as a session does, and tells whether that answers while its input is open, and when
# it ends.
#
# Everything is read: it calls Get- cmdlets, asks for the state of services and changes nothing. The one file it writes
# is the one that -Out names. The report holds versions, type names, counts, lengths and times, and no value of any
# object: it can be sent on. Errors are told by type and category, because their texts quote what they were about; only
# where the management shell does not load, its own text is shown.

param([string]$Runner = '', [string]$Out = '', [string]$Adapter = 'auto', [int]$Objects = 20, [int]$Patience = 300)

$Contact = @{
    Report = New-Object Text.StringBuilder
    Nonce = '0123456789abcdef'
    Console = [Console]::Out
    Last = 0
    Failed = 0
    Exchange = @(
        'Get-UMDialPlan', 'Get-UMService', 'Get-UMServer', 'Get-UMCallRouterSettings', 'Get-UMIPGateway',
        'Get-UMHuntGroup', 'Get-UMMailboxPolicy', 'Get-UMAutoAttendant', 'Get-UMMailbox', 'Get-DomainController'
    )
    Lync = @('Get-CsDialPlan', 'Get-CsPool', 'Get-CsComputer', 'Get-CsService', 'Get-CsSite', 'Get-CsUser')
    Services = @('MSExchangeUM', 'MSExchangeUMCR', 'RTCSRV')
    Process = $null
    Clock = $null
    Reading = $null
    Buffer = New-Object byte[] 65536
    Unread = New-Object Text.StringBuilder
    ShortPatience = 60
    EndPatience = 15
}

# The files may come in any order: only one of them does more than declare functions, and it calls its own alone.
function Read-ContactRunner([string]$Folder) {
    $text = New-Object Text.StringBuilder
    foreach ($file in [IO.Directory]::GetFiles($Folder, '*.ps1')) {
        [void]$text.Append([IO.File]::ReadAllText($file))
    }
    $text.ToString()
}

function Write-Contact([string]$Text) {
    [void]$Contact.Report.Append($Text).Append([char]13).Append([char]10)
    $Contact.Console.WriteLine($Text)
}

function Write-ContactFailure([string]$Text) {
    $Contact.Failed++
    Write-Contact ('FAILED  ' + $Text)
}

function Get-ContactSeconds {
    $Contact.Clock.Elapsed.TotalSeconds.ToString('0.0', $Reconciler.Invariant) + ' s'
}

# Hands one line to the runner and returns its replies; what it writes to standard output is caught.
function Send-ContactLine([string]$Line) {
    $writer = New-Object IO.StringWriter
    [Console]::SetOut($writer)
    try {
        Invoke-ReconcilerLine $Line
    } finally {
        Clear-ReconcilerBuffer
        [Console]::SetOut($Contact.Console)
    }
    $replies = New-Object Collections.ArrayList
    foreach ($told in $writer.ToString().Split([char]10)) {
        $blank = $told.LastIndexOf([char]32)
        if (-not $told.StartsWith($Contact.Nonce, [StringComparison]::Ordinal) -or $blank -lt 0) {
            continue
        }
        $payload = $told.Substring($blank + 1)
        if ([string]::Equals($payload, 'LOADING', [StringComparison]::Ordinal)) {
            continue
        }
        if ([string]::Equals($payload, 'BADLINE', [StringComparison]::Ordinal)) {
            [void]$replies.Add('BADLINE')
        } else {
            $json = [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($payload))
            [void]$replies.Add((ConvertFrom-ReconcilerJson $json))
        }
    }
    , $replies.ToArray()
}

function ConvertTo-ContactLine([string]$Json) {
    ConvertTo-ReconcilerLine ($Reconciler.Utf8.GetBytes($Json))
}

function Send-ContactRequest([string]$Operation, [string]$Rest) {
    $Contact.Last++
    $id = ConvertTo-ReconcilerText ('c' + $Contact.Last.ToString($Reconciler.Invariant))
    $json = '{"op":"' + $Operation + '","id":' + $id + ',"read":true,"flush":true' + $Rest + '}'
    $replies = Send-ContactLine (ConvertTo-ContactLine $json)
    , $replies
}

function Join-ContactTexts($Texts) {
    $parts = New-Object Collections.ArrayList
    foreach ($text in $Texts) {
        [void]$parts.Add((ConvertTo-ReconcilerText ([string]$text)))
    }
    '[' + [string]::Join(',', $parts.ToArray()) + ']'
}

# --- the session -----------------------------------------------------------------------------------------------------

function New-ContactInit {
    $names = $Contact.Exchange + $Contact.Lync + @('Get-Service', 'Test-ReconcilerSession', 'Get-ContactEcho')
    $json = '{"op":"init","id":"0","nonce":"' + $Contact.Nonce + '","protocol":1,"adapter":'
    $json += (ConvertTo-ReconcilerText $Adapter) + ',"allow":' + (Join-ContactTexts $names) + ',"always":{}}'
    ConvertTo-ContactLine $json
}

function Open-Contact {
    $replies = Send-ContactLine (New-ContactInit)
    $ready = $null
    if ($replies.Length -gt 0) {
        $ready = $replies[0]['ready']
    }
    if ($null -eq $ready) {
        Write-ContactFailure 'init: the runner is not ready'
        foreach ($reply in $replies) {
            Write-Contact ('        ' + $reply['error']['type'] + ', ' + $reply['error']['category'] + ': ' + $reply['error']['message'])
        }
        return $false
    }
    foreach ($name in @('ps', 'os', 'product', 'culture', 'adapter', 'load_ms')) {
        Write-Contact ('ok      ' + $name + ': ' + [string]$ready[$name])
    }
    # The echo is a function of this script, not of the adapter's.
    $Reconciler.Sources[''] = $true
    $true
}

function Test-ContactProtocol {
    $replies = Send-ContactRequest 'ping' ''
    if ($replies.Length -eq 1 -and $replies[0]['ok']) {
        Write-Contact 'ok      ping'
    } else {
        Write-ContactFailure 'ping'
    }
    $replies = Send-ContactLine '4 00000000 AAAA'
    if ($replies.Length -eq 1 -and $replies[0] -is [string]) {
        Write-Contact 'ok      a damaged line is told'
    } else {
        Write-ContactFailure 'a damaged line is not told'
    }
}

# --- hostile texts ---------------------------------------------------------------------------------------------------

function Get-ContactEcho {
    param([string]$Text, $List)
    New-Object PSObject -Property @{ Text = $Text; List = $List }
}

function Get-ContactTexts {
    "x'; exit 5; '"
    'x' + [char]0x2018 + '; exit 5; ' + [char]0x2019
    'x' + [char]0x201A + [char]0x201B + [char]0x201C + [char]0x201D + [char]0x201E + '"'
    '$(exit 5)'
    '${env:Path} $env:Path `n @(1) @{a=1}'
    '-Confirm:$false'
    '' + [char]0x2013 + 'Force'
    '' + [char]0x2014 + 'Force'
    '' + [char]0x2015 + 'Force'
    '--%'
    'a' + [char]13 + [char]10 + 'exit 5' + [char]10
    'a' + [char]0 + 'b'
    '_x000A_ ]]> &lt; <S N="a">'
    '*'
    '[a-z]?'
    '' + [char]0xD800
    '' + [char]0xDC00 + 'x' + [char]0xD800
    'Set' + [char]0xAD + 'Thing ' + [char]0xFF3C + [char]0x202E + [char]0xFEFF + [char]0xFFFF
    '' + [char]0x130 + 'i' + [char]0x131 + 'I'
    ' x '
    ''
}

function Test-ContactTexts {
    $right = 0
    $number = 0
    foreach ($text in @(Get-ContactTexts)) {
        $number++
        $json = ConvertTo-ReconcilerText $text
        $rest = ',"cmdlet":"Get-ContactEcho","properties":["Text","List"],"params":{"Text":' + $json + ',"List":[' + $json + ',"x"]}'
        $replies = Send-ContactRequest 'invoke' $rest
        $record = $null
        if ($replies.Length -gt 0 -and $null -ne $replies[0]['records']) {
            $record = $replies[0]['records'][0]
        }
        if ($null -ne $record -and $record['List'] -is [Array] -and $record['List'].Length -eq 2 -and
            [string]::Equals([string]$record['Text'], $text, [StringComparison]::Ordinal) -and
            [string]::Equals([string]$record['List'][0], $text, [StringComparison]::Ordinal)) {
            $right++
        } else {
            Write-ContactFailure ('hostile text ' + $number.ToString($Reconciler.Invariant) + ' did not come back as it was')
        }
    }
    Write-Contact ('ok      ' + $right.ToString($Reconciler.Invariant) + ' hostile texts came back unchanged')
}

# --- cmdlets ---------------------------------------------------------------------------------------------------------

# What a value became: the kind of JSON, with lengths and never with content. Marked where a rule is missing.
function Get-ContactKind($Value) {
    if ($null -eq $Value) {
        return 'null'
    }
    if ($Value -is [string]) {
        return 'text'
    }
    if ($Value -is [Array]) {
        if ($Value.Length -eq 0) {
            return 'list of 0'
        }
        return 'list of ' + (Get-ContactKind $Value[0])
    }
    if ($Value -is [Collections.IDictionary]) {
        $names = New-Object Collections.ArrayList
        foreach ($entry in $Value.GetEnumerator()) {
            $name = $entry.Key
            if ($name.StartsWith('$', [StringComparison]::Ordinal) -and -not [string]::Equals($name, '$bytes', [StringComparison]::Ordinal)) {
                if ([string]::Equals($name, '$str', [StringComparison]::Ordinal)) {
                    continue
                }
                return '!! ' + $name + ' ' + [string]$entry.Value
            }
            [void]$names.Add($name)
        }
        return 'object of ' + $names.Count.ToString($Reconciler.Invariant)
    }
    $Value.GetType().Name
}

function Write-ContactProperties($Sample, $Records) {
    foreach ($property in $Sample.PSObject.Properties) {
        $kinds = New-Object 'System.Collections.Generic.Dictionary[string,bool]' ([StringComparer]::Ordinal)
        $longest = 0
        foreach ($record in $Records) {
            if (-not $record.ContainsKey($property.Name)) {
                $kinds['!! missing'] = $true
                continue
            }
            $value = $record[$property.Name]
            $kinds[(Get-ContactKind $value)] = $true
            if (($value -is [string] -or $value -is [Array]) -and $value.Length -gt $longest) {
                $longest = $value.Length
            }
        }
        $told = New-Object Collections.ArrayList
        foreach ($kind in $kinds.GetEnumerator()) {
            [void]$told.Add($kind.Key)
        }
        $text = '          ' + $property.Name + ' : ' + [string]$property.TypeNameOfValue + ' -> '
        Write-Contact ($text + [string]::Join(', ', $told.ToArray()) + ' (longest ' + $longest.ToString($Reconciler.Invariant) + ')')
    }
}

function Test-ContactCmdlet([string]$Name) {
    $command = Find-ReconcilerCommand $Name
    if ($null -eq $command) {
        Write-Contact ('absent  ' + $Name)
        return
    }
    $splat = @{ ErrorAction = 'Stop' }
    if ($null -ne $command.Parameters -and $command.Parameters.ContainsKey('ResultSize')) {
        $splat['ResultSize'] = $Objects
    }
    try {
        $found = @(& $command @splat)
    } catch {
        Write-Contact ('refused ' + $Name + ': ' + $_.Exception.GetType().Name + ', ' + $_.CategoryInfo.Category.ToString())
        return
    }
    if ($found.Length -eq 0 -or $null -eq $found[0]) {
        Write-Contact ('ok      ' + $Name + ': 0 objects')
        return
    }
    $names = New-Object Collections.ArrayList
    foreach ($property in $found[0].PSObject.Properties) {
        [void]$names.Add($property.Name)
    }
    $parameters = '{}'
    if ($splat.ContainsKey('ResultSize')) {
        $parameters = '{"ResultSize":' + $Objects.ToString($Reconciler.Invariant) + '}'
    }
    $rest = ',"cmdlet":' + (ConvertTo-ReconcilerText $Name) + ',"params":' + $parameters + ',"properties":' + (Join-ContactTexts $names)
    $clock = [Diagnostics.Stopwatch]::StartNew()
    $replies = Send-ContactRequest 'invoke' $rest
    $spent = $clock.ElapsedMilliseconds
    $records = New-Object Collections.ArrayList
    foreach ($reply in $replies) {
        if (-not $reply['ok']) {
            Write-ContactFailure ($Name + ': ' + $reply['error']['type'] + ', ' + $reply['error']['category'])
            return
        }
        foreach ($record in @(Get-ReconcilerItems $reply['records'])) {
            [void]$records.Add($record)
        }
    }
    $head = 'ok      '
    if ($records.Count -ne $found.Length) {
        $head = 'FAILED  '
        $Contact.Failed++
    }
    $head += $Name + ': ' + $records.Count.ToString($Reconciler.Invariant) + ' of ' + $found.Length.ToString($Reconciler.Invariant)
    Write-Contact ($head + ' objects in ' + $spent.ToString($Reconciler.Invariant) + ' ms, ' + [string]$found[0].PSObject.TypeNames[0])
    Write-ContactProperties $found[0] $records.ToArray()
}

# --- the runner's own operations -------------------------------------------------------------------------------------

function Test-ContactServices {
    $rest = ',"cmdlet":"Get-Service","params":{"Name":' + (Join-ContactTexts $Contact.Services) + '}'
    foreach ($reply in (Send-ContactRequest 'service' $rest)) {
        if (-not $reply['ok']) {
            Write-ContactFailure ('service: ' + $reply['error']['type'] + ', ' + $reply['error']['category'])
            continue
        }
        foreach ($record in @(Get-ReconcilerItems $reply['records'])) {
            $text = 'ok      service ' + $record['Name'] + ': ' + $record['Status'] + ', start time ' + (Get-ContactKind $record['StartTime'])
            Write-Contact ($text + ', clock ' + (Get-ContactKind $record['HostClock']) + ', dependents ' + (Get-ContactKind $record['RunningDependents']))
        }
        Write-Contact ('ok      services found: ' + $reply['records'].Length.ToString($Reconciler.Invariant))
    }
}

function Test-ContactProbe {
    $rest = ',"cmdlet":"Test-ReconcilerSession","params":{"Directory":true,"Cmdlets":' + (Join-ContactTexts ($Contact.Exchange + $Contact.Lync)) + '}'
    foreach ($reply in (Send-ContactRequest 'probe' $rest)) {
        if (-not $reply['ok']) {
            Write-ContactFailure ('probe: ' + $reply['error']['type'] + ', ' + $reply['error']['category'])
            continue
        }
        $facts = $reply['records'][0]
        foreach ($name in @('Authentication', 'Impersonation', 'Elevated', 'Language', 'FarLanguage', 'ExecutionPolicy', 'Clr', 'DirectoryOk', 'DirectoryError', 'Script')) {
            Write-Contact ('ok      probe ' + $name + ': ' + [string]$facts[$name])
        }
        foreach ($name in @('User', 'DirectoryServer', 'Clock', 'Missing', 'Quotas')) {
            Write-Contact ('ok      probe ' + $name + ': ' + (Get-ContactKind $facts[$name]))
        }
    }
}

# --- a process of its own --------------------------------------------------------------------------------------------

# A session's command line carries this text, as providers/transport/bootstrap.ps1 has it.
$ContactBootstrap = @'
begin {
    $ProgressPreference = 'SilentlyContinue'
    $ReconcilerScript = New-Object Text.StringBuilder
    $ReconcilerLoaded = $false
}
process {
    foreach ($ReconcilerLine in $input) {
        if ($ReconcilerLoaded) {
            Invoke-ReconcilerLine $ReconcilerLine
        } elseif ([int][char]$ReconcilerLine[0] -ne 46) {
            [void]$ReconcilerScript.Append($ReconcilerLine)
        } else {
            $ReconcilerBytes = [Convert]::FromBase64String($ReconcilerScript.ToString())
            . ([ScriptBlock]::Create([Text.Encoding]::UTF8.GetString($ReconcilerBytes)))
            $ReconcilerLoaded = $true
        }
    }
}
end {
    if ($ReconcilerLoaded) {
        Complete-Reconciler
        exit 0
    }
}
'@

function Get-ContactProgram {
    $program = [IO.Path]::Combine($PSHOME, 'powershell.exe')
    if ([IO.File]::Exists($program)) {
        return $program
    }
    [Diagnostics.Process]::GetCurrentProcess().MainModule.FileName
}

function Start-ContactProcess {
    $text = $ContactBootstrap.Replace([string][char]13, '')
    $encoded = [Convert]::ToBase64String([Text.Encoding]::Unicode.GetBytes($text))
    $start = New-Object Diagnostics.ProcessStartInfo
    $start.FileName = Get-ContactProgram
    $start.Arguments = '-NoLogo -NoProfile -NonInteractive -ExecutionPolicy Bypass -EncodedCommand ' + $encoded
    $start.UseShellExecute = $false
    $start.CreateNoWindow = $true
    $start.RedirectStandardInput = $true
    $start.RedirectStandardOutput = $true
    $start.RedirectStandardError = $true
    $Contact.Clock = [Diagnostics.Stopwatch]::StartNew()
    $Contact.Process = [Diagnostics.Process]::Start($start)
    Write-Contact ('ok      process: started with a command line of ' + $start.Arguments.Length.ToString($Reconciler.Invariant) + ' characters')
}

# The runner as it goes to standard input: lines of base64, ended by a full stop.
function Get-ContactScript([string]$Text) {
    $code = [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($Text))
    $lines = New-Object Text.StringBuilder
    for ($at = 0; $at -lt $code.Length; $at += 4000) {
        [void]$lines.Append($code.Substring($at, [Math]::Min(4000, $code.Length - $at))).Append([char]10)
    }
    $lines.Append('.').Append([char]10).ToString()
}

function Send-ContactInput([string]$Text) {
    $bytes = [Text.Encoding]::ASCII.GetBytes($Text)
    $stream = $Contact.Process.StandardInput.BaseStream
    $stream.Write($bytes, 0, $bytes.Length)
    $stream.Flush()
}

# More of what the process writes, or nothing where that takes too long. At the end of output, a lone zero character.
function Read-ContactOutput([double]$Seconds) {
    if ($null -eq $Contact.Reading) {
        $stream = $Contact.Process.StandardOutput.BaseStream
        $Contact.Reading = $stream.BeginRead($Contact.Buffer, 0, $Contact.Buffer.Length, $null, $null)
    }
    if (-not $Contact.Reading.AsyncWaitHandle.WaitOne([int]($Seconds * 1000), $false)) {
        return
    }
    $count = $Contact.Process.StandardOutput.BaseStream.EndRead($Contact.Reading)
    $Contact.Reading = $null
    if ($count -eq 0) {
        return [string][char]0
    }
    [Text.Encoding]::ASCII.GetString($Contact.Buffer, 0, $count)
}

# True when a line of ours came that begins so; what is before it is read away.
function Wait-ContactLine([string]$Start, [int]$Seconds) {
    $until = $Contact.Clock.Elapsed.TotalSeconds + $Seconds
    while ($true) {
        $text = $Contact.Unread.ToString()
        $end = $text.IndexOf([char]10)
        while ($end -ge 0) {
            $line = $text.Substring(0, $end)
            $text = $text.Substring($end + 1)
            if ($line.StartsWith(($Contact.Nonce + ' ' + $Start), [StringComparison]::Ordinal)) {
                $Contact.Unread = New-Object Text.StringBuilder $text
                return $true
            }
            $end = $text.IndexOf([char]10)
        }
        $Contact.Unread = New-Object Text.StringBuilder $text
        $left = $until - $Contact.Clock.Elapsed.TotalSeconds
        if ($left -le 0) {
            return $false
        }
        $more = Read-ContactOutput $left
        if ($null -eq $more -or [int][char]$more[0] -eq 0) {
            return $false
        }
        [void]$Contact.Unread.Append($more)
    }
}

function Test-ContactStart([string]$Text) {
    $ping = ConvertTo-ContactLine '{"op":"ping","id":"p","flush":true}'
    Send-ContactInput ((Get-ContactScript $Text) + (New-ContactInit) + [char]10 + $ping + [char]10)
    $stages = @(@('LOADING', $Contact.ShortPatience), @('READY', $Patience), @('', $Contact.ShortPatience))
    foreach ($stage in $stages) {
        $name = $stage[0]
        if ($name.Length -eq 0) {
            $name = 'ping'
        }
        if (-not (Wait-ContactLine $stage[0] $stage[1])) {
            Write-ContactFailure ('process: ' + $name + ' not answered while its input is open, after ' + (Get-ContactSeconds))
            return $false
        }
        Write-Contact ('ok      process: ' + $name + ' answered while its input is open, after ' + (Get-ContactSeconds))
    }
    $true
}

# A host that hands input on only when that ends is used in batches: does it answer then?
function Test-ContactBatch {
    $Contact.Process.StandardInput.Close()
    if (Wait-ContactLine 'READY' $Patience) {
        Write-Contact ('ok      process: READY answered at the end of its input, after ' + (Get-ContactSeconds))
    } else {
        Write-ContactFailure ('process: READY not answered at the end of its input, after ' + (Get-ContactSeconds))
    }
}

# Does it end when it is told to, or only when its input ends?
function Test-ContactEnd {
    $exit = ConvertTo-ContactLine '{"op":"exit","id":"e"}'
    $Contact.Clock = [Diagnostics.Stopwatch]::StartNew()
    Send-ContactInput ($exit + [char]10)
    if (Wait-ContactLine '' $Contact.EndPatience) {
        Write-Contact ('ok      process: exit answered after ' + (Get-ContactSeconds))
    }
    if ($Contact.Process.WaitForExit($Contact.EndPatience * 1000)) {
        Write-Contact ('ok      process: ended while its input is open, after ' + (Get-ContactSeconds))
    } else {
        Write-Contact ('ok      process: goes on while its input is open, after ' + (Get-ContactSeconds))
    }
}

function Stop-ContactProcess {
    $Contact.Clock = [Diagnostics.Stopwatch]::StartNew()
    $Contact.Process.StandardInput.Close()
    if (-not $Contact.Process.WaitForExit($Contact.EndPatience * 1000)) {
        $Contact.Process.Kill()
        Write-ContactFailure ('process: goes on after the end of its input, killed after ' + (Get-ContactSeconds))
        return
    }
    $code = $Contact.Process.ExitCode.ToString($Reconciler.Invariant)
    $noise = $Contact.Process.StandardError.ReadToEnd()
    Write-Contact ('ok      process: exit code ' + $code + ' ' + (Get-ContactSeconds) + ' after the end of its input')
    Write-Contact ('ok      process: ' + $noise.Length.ToString($Reconciler.Invariant) + ' characters of standard error')
}

function Test-ContactProcess([string]$Text) {
    try {
        Start-ContactProcess
        if (Test-ContactStart $Text) {
            Test-ContactEnd
        } else {
            Test-ContactBatch
        }
    } catch {
        Write-ContactFailure ('process: ' + $_.Exception.GetType().Name + ', ' + $_.CategoryInfo.Category.ToString())
    }
    if ($null -ne $Contact.Process) {
        Stop-ContactProcess
    }
}

function Invoke-Contact {
    Write-Contact 'reconciler: first contact. Read only; no values of objects below.'
    if (-not (Open-Contact)) {
        return
    }
    Test-ContactProtocol
    Test-ContactTexts
    foreach ($name in $Contact.Exchange + $Contact.Lync) {
        Test-ContactCmdlet $name
    }
    Test-ContactServices
    Test-ContactProbe
    Test-ContactProcess $ContactRunner
}

if ($Runner.Length -eq 0) {
    $Runner = [IO.Path]::Combine([IO.Path]::GetDirectoryName($MyInvocation.MyCommand.Path), 'runner')
}
$ContactRunner = Read-ContactRunner $Runner
. ([ScriptBlock]::Create($ContactRunner))
try {
    Invoke-Contact
} catch {
    Write-ContactFailure ('the script ended: ' + $_.Exception.GetType().Name + ', ' + $_.CategoryInfo.Category.ToString())
}
Complete-Reconciler
Write-Contact ('failures: ' + $Contact.Failed.ToString())
if ($Out.Length -gt 0) {
    [IO.File]::WriteAllText($Out, $Contact.Report.ToString(), [Text.Encoding]::ASCII)
}
