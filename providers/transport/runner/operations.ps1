# The operations a request may ask for, each made once under its id, and the loop over the lines of requests.

function Initialize-Reconciler($Request, [string]$Id) {
    if ($Reconciler.IsReady) {
        Add-ReconcilerReply (New-ReconcilerRefusal $Id 'AlreadyReady' 'InvalidOperation' 'the session is ready already' '')
        return
    }
    $nonce = [string]$Request['nonce']
    if (-not ([regex]'^[0-9a-f]{16}\z').IsMatch($nonce)) {
        return
    }
    $Reconciler.Nonce = $nonce
    if ($Request['protocol'] -isnot [int] -or [int]$Request['protocol'] -ne 1) {
        Add-ReconcilerReply (New-ReconcilerRefusal $Id 'ProtocolMismatch' 'InvalidArgument' 'unknown protocol' '')
        return
    }
    Start-ReconcilerCall
    $clock = [Diagnostics.Stopwatch]::StartNew()
    $names = New-Object Collections.ArrayList
    foreach ($name in @(Get-ReconcilerItems $Request['allow'])) {
        if ($Reconciler.Name.IsMatch($name)) {
            $Reconciler.Allowed[$name] = $true
            [void]$names.Add($name)
        }
    }
    $Reconciler.Always = $Request['always']
    $Reconciler.DeflateFrom = Get-ReconcilerDeflateFrom $Request['deflate']
    if ($Request.ContainsKey('credential') -and $null -ne $Request['credential']) {
        $secure = ConvertTo-ReconcilerArgument $Request['credential']['password']
        $Reconciler.Credential = New-Object Management.Automation.PSCredential ([string]$Request['credential']['user']), $secure
    }
    # Said before what may take minutes: whoever waits knows now that input is read while it is open.
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
    Add-ReconcilerReply (Add-ReconcilerClocks $json) 'READY '
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
        Add-ReconcilerReply (Add-ReconcilerClocks (New-ReconcilerDone $Id))
        return
    }
    $cmdlet = [string]$Request['cmdlet']
    if (-not $Reconciler.IsReady) {
        Add-ReconcilerReply (New-ReconcilerRefusal $Id 'NotReady' 'InvalidOperation' 'the session is not ready' $cmdlet)
        return
    }
    if (-not $Reconciler.Allowed.ContainsKey($cmdlet)) {
        Add-ReconcilerReply (New-ReconcilerRefusal $Id 'CommandNotAllowed' 'PermissionDenied' 'not among the cmdlets of this session' $cmdlet)
        return
    }
    if (Test-ReconcilerLate) {
        Add-ReconcilerReply (New-ReconcilerLate $Id $cmdlet)
        return
    }
    if (Test-ReconcilerSame $Operation 'service') {
        Start-ReconcilerRecords $Reconciler.Services
        Start-ReconcilerCall
        Invoke-ReconcilerService $Request
    } elseif (Test-ReconcilerSame $Operation 'probe') {
        Start-ReconcilerRecords $Reconciler.Facts
        Start-ReconcilerCall
        Test-ReconcilerSession $Request['params']
    } elseif (Test-ReconcilerSame $Operation 'invoke') {
        Start-ReconcilerRecords $Request['properties']
        Invoke-ReconcilerStrictly $Request $Id
    } elseif (Test-ReconcilerSame $Operation 'script') {
        Start-ReconcilerRecords $null
        Invoke-ReconcilerScript $Request $Id
    } else {
        Add-ReconcilerReply (New-ReconcilerRefusal $Id 'UnknownOperation' 'InvalidArgument' 'unknown operation' $Operation)
    }
}

# From here on the call counts as made: whatever becomes of it, its id never makes it again. To find a cmdlet, or to load
# the full shell for a script, takes a while, so the deadline is looked at here once more.
function Start-ReconcilerCall {
    if (Test-ReconcilerLate) {
        $Reconciler.IsLate = $true
        throw 'its turn came too late'
    }
    $Reconciler.HasBegun = $true
    if (-not $Reconciler.IsRead -and $Reconciler.Executed.Count -lt $Reconciler.ExecutedMost) {
        $Reconciler.Executed[$Reconciler.Id] = $true
    }
}

# What the binder refused was not made after all.
function Undo-ReconcilerCall {
    $Reconciler.HasBegun = $false
    [void]$Reconciler.Executed.Remove($Reconciler.Id)
}

# Runs one operation, or sends again what it was answered.
function Invoke-ReconcilerOnce($Request, [string]$Id, [string]$Operation) {
    if (Send-ReconcilerAgain $Id) {
        return
    }
    $Reconciler.IsRead = [bool]$Request['read']
    $Reconciler.HasBegun = $false
    $Reconciler.IsLate = $false
    $Reconciler.NotAfter = $Request['not_after']
    $Reconciler.Reply = New-Object Collections.ArrayList
    $Reconciler.ReplySize = 0
    $Reconciler.Id = $Id
    $Reconciler.ReplyId = ConvertTo-ReconcilerText $Id
    $hasEnded = $false
    # A function whose break or continue finds no loop of its own ends the loop of its caller: this one.
    foreach ($turn in @(1)) {
        Invoke-ReconcilerGuarded $Request $Id $Operation | Out-Null
        $hasEnded = $true
    }
    if (-not $hasEnded) {
        $message = 'the command left by break or continue; what it did before is not known'
        Add-ReconcilerReply (New-ReconcilerError $Id 'CommandNotEnded' 'CommandNotEnded' 'OperationStopped' $message ([string]$Request['cmdlet']) @() $true)
    }
    if ($Reconciler.HasBegun) {
        Save-ReconcilerReply $Id
    }
}

function Invoke-ReconcilerGuarded($Request, [string]$Id, [string]$Operation) {
    try {
        if (Test-ReconcilerSame $Operation 'init') {
            Initialize-Reconciler $Request $Id
        } else {
            Invoke-ReconcilerOperation $Request $Id $Operation
        }
    } catch {
        $failure = $_
        try {
            if ($Reconciler.IsLate) {
                $json = New-ReconcilerLate $Id ([string]$Request['cmdlet'])
            } else {
                $json = ConvertTo-ReconcilerError $Id $failure ([string]$Request['cmdlet'])
            }
        } catch {
            $json = New-ReconcilerError $Id 'Exception' '' 'NotSpecified' 'the error cannot be told' '' @() $Reconciler.HasBegun
        }
        Add-ReconcilerReply $json
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
