# An error as the client gets it: types, ids and categories, which are the same in every language.

# What PowerShell wrapped, without the wrapping. What -ErrorAction Stop makes of an error comes as itself in PowerShell 2.0,
# with the error inside; later versions mostly hand on the error.
function Get-ReconcilerRoot($Exception) {
    $inner = $Exception
    while ($null -ne $inner -and $inner -isnot [Management.Automation.ParentContainsErrorRecordException]) {
        $Exception = $inner
        if ($Exception -is [Management.Automation.ActionPreferenceStopException]) {
            $inner = $Exception.ErrorRecord.Exception
        } elseif (Test-ReconcilerWrapping $Exception) {
            $inner = $Exception.InnerException
        } else {
            break
        }
    }
    $Exception
}

function Test-ReconcilerWrapping($Exception) {
    $Exception.GetType().Equals([Management.Automation.RuntimeException]) -or
    $Exception -is [Management.Automation.GetValueException] -or
    $Exception -is [Management.Automation.MethodInvocationException] -or
    $Exception -is [Management.Automation.CmdletInvocationException]
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
    if (Test-ReconcilerUnbound $Record $types $Cmdlet) {
        Undo-ReconcilerCall
    }
    $category = $Record.CategoryInfo.Category.ToString()
    New-ReconcilerError $Id $type $Record.FullyQualifiedErrorId $category $exception.Message ([string]$Record.TargetObject) $types $Reconciler.HasBegun
}
