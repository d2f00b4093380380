# The state of services as the host itself tells it: start times by its own clock.

function Get-ReconcilerClock([DateTime]$Time) {
    $Time.ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ss.ffffff', $Reconciler.Invariant) + 'Z'
}

# Null where a shell runs whose command line this account may not read: it may be that of the script.
function Test-ReconcilerScriptRunning($Processes) {
    $answer = $false
    foreach ($process in $Processes) {
        $line = [string]$process.CommandLine
        if ($line.IndexOf('exchucutil', [StringComparison]::OrdinalIgnoreCase) -ge 0) {
            return $true
        }
        if ($line.Length -eq 0 -and $Reconciler.Shells.ContainsKey([string]$process.Name)) {
            $answer = $null
        }
    }
    try {
        $mutex = [Threading.Mutex]::OpenExisting($Reconciler.Mutex)
        $mutex.Close()
        return $true
    } catch {
        if ((Get-ReconcilerRoot $_.Exception) -is [UnauthorizedAccessException]) {
            return $true
        }
    }
    $answer
}

# Adds which services hang on one: those that run, and those that Windows starts by itself and that do not run.
function Add-ReconcilerDependents($Service, $Modes, $Running, $Stopped) {
    foreach ($dependent in @(Get-ReconcilerItems $Service.DependentServices)) {
        $name = [string]$dependent.Name
        if (Test-ReconcilerSame $dependent.Status.ToString() 'Running') {
            [void]$Running.Add($name)
        } elseif (Test-ReconcilerSame $Modes[$name] 'Auto') {
            [void]$Stopped.Add($name)
        }
    }
}

function Invoke-ReconcilerService($Request) {
    $wanted = New-ReconcilerSet @(Get-ReconcilerItems $Request['params']['Name'])
    $processes = @(Get-WmiObject Win32_Process -ErrorAction Stop)
    $running = Test-ReconcilerScriptRunning $processes
    $services = @(Get-WmiObject Win32_Service -ErrorAction Stop)
    $modes = New-ReconcilerHashtable
    foreach ($found in $services) {
        if ($null -ne $found) {
            $modes[[string]$found.Name] = [string]$found.StartMode
        }
    }
    foreach ($found in $services) {
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
        $dependents = New-Object Collections.ArrayList
        $missing = New-Object Collections.ArrayList
        Add-ReconcilerDependents $service $modes $dependents $missing
        $told = New-Object PSObject -Property @{
            Name = [string]$found.Name
            Status = $service.Status.ToString()
            StartTime = $start
            StartMode = $modes[[string]$found.Name]
            HostClock = Get-ReconcilerClock ([DateTime]::UtcNow)
            RunningDependents = $dependents.ToArray()
            StoppedDependents = $missing.ToArray()
            ScriptRunning = $running
        }
        $told | Write-ReconcilerRecords
    }
    Send-ReconcilerResult @() ''
}
