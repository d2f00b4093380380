# Finds a cmdlet, makes its parameters of typed JSON, and calls it: no script text is made of data.

function Find-ReconcilerCommand([string]$Name) {
    if ($Reconciler.Commands.ContainsKey($Name)) {
        return $Reconciler.Commands[$Name]
    }
    $found = $null
    $candidates = New-Object Collections.ArrayList
    foreach ($candidate in @(Get-Command -Name $Name -CommandType 'Cmdlet, Function' -ErrorAction SilentlyContinue)) {
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
    $splat = New-ReconcilerHashtable
    if ($null -ne $Parameters) {
        foreach ($entry in $Parameters.GetEnumerator()) {
            $splat[$entry.Key] = ConvertTo-ReconcilerArgument $entry.Value
        }
    }
    $splat
}

function Add-ReconcilerStandard($Splat, $Command) {
    $known = $Command.Parameters
    if ($null -eq $known) {
        return
    }
    $standard = New-ReconcilerSplat $Reconciler.Always
    $standard['ErrorAction'] = 'Stop'
    $standard['WarningAction'] = 'SilentlyContinue'
    $standard['WarningVariable'] = 'ReconcilerWarnings'
    $standard['Confirm'] = $false
    foreach ($entry in $standard.GetEnumerator()) {
        if ($known.ContainsKey($entry.Key) -and -not $Splat.ContainsKey($entry.Key)) {
            $Splat[$entry.Key] = $entry.Value
        }
    }
}

function Invoke-ReconcilerCmdlet($Request, [string]$Id) {
    $cmdlet = [string]$Request['cmdlet']
    $command = Find-ReconcilerCommand $cmdlet
    if ($null -eq $command) {
        $message = 'The cmdlet does not exist here, or the account has no role that holds it.'
        Add-ReconcilerReply (New-ReconcilerRefusal $Id 'CommandNotFoundException' 'ObjectNotFound' $message $cmdlet)
        return
    }
    $splat = New-ReconcilerSplat $Request['params']
    Add-ReconcilerStandard $splat $command
    $ReconcilerWarnings = $null
    Start-ReconcilerCall
    if ($Request['read'] -or $Reconciler.Properties.Count -gt 0) {
        & $command @splat | Write-ReconcilerRecords
    } else {
        & $command @splat | Out-Null
    }
    Send-ReconcilerResult $ReconcilerWarnings ''
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
