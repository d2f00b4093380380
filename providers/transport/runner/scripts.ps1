# Runs a script of Exchange's as a person would: in the full shell, by path, in its folder, with its output kept.

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
# own scripts define is there for the script that follows; what they must not overwrite has names that are no one else's.
function Enter-ReconcilerFullShell {
    $remote = [IO.Path]::Combine([IO.Path]::Combine($ReconcilerInstall, 'bin'), 'RemoteExchange.ps1')
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
        return
    }
    $splat = New-ReconcilerSplat $Request['params']
    $mutex = Enter-ReconcilerMutex
    if ($null -eq $mutex) {
        $message = 'Another run of the script is still going on here.'
        Add-ReconcilerReply (New-ReconcilerRefusal $Id 'ScriptRunning' 'ResourceBusy' $message $file)
        return
    }
    Push-Location $folder
    $directory = [Environment]::CurrentDirectory
    try {
        [Environment]::CurrentDirectory = $folder
        Send-ReconcilerResult @() (Read-ReconcilerScript $install $file $splat)
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
    foreach ($entry in $Splat.GetEnumerator()) {
        [void]$first.Parameters.Add($entry.Key, $entry.Value)
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
# Write-Host and Write-Warning, which no redirection of PowerShell 2.0 catches: functions of those names, in whose scope
# the script runs, do.
function Read-ReconcilerScript([string]$ReconcilerInstall, [string]$ReconcilerFile, $ReconcilerSplat) {
    . Enter-ReconcilerFullShell
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
    function Write-Warning {
        [CmdletBinding()]
        param([Parameter(Position = 0, ValueFromPipeline = $true)][string]$Message)
        process {
            if (-not (Test-ReconcilerSame $WarningPreference 'SilentlyContinue')) {
                Write-Host ('WARNING: ' + $Message)
            }
        }
    }
    function Add-ReconcilerOutput {
        process {
            [void]$Reconciler.Objects.Add($_)
        }
    }
    $pipeline = New-ReconcilerPipeline $ReconcilerFile $ReconcilerSplat $true
    [void]$pipeline.Commands.Add('Add-ReconcilerOutput')
    Start-ReconcilerCall
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
