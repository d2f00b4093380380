# A stand-in for the cmdlets of Windows that tell of services and processes; the generated stubs of Restart-Service and
# its kin follow it.

enum ServiceControllerStatus {
    Stopped = 1
    StartPending = 2
    StopPending = 3
    Running = 4
    ContinuePending = 5
    PausePending = 6
    Paused = 7
}

# The services of this host as the simulator has them: name, status, start of the process, dependents, start mode.
function Get-StubServices {
    $answer = Send-StubRequest '{"op":"services"}'
    foreach ($service in $answer[1]) {
        [pscustomobject] @{ Name = $service[0]; Status = $service[1]; Started = $service[2]; Dependents = $service[3]; Mode = $service[4] }
    }
    $script:IsScriptRunning = $answer[2]
}

function New-StubService($Service, $All) {
    $dependents = foreach ($name in $Service.Dependents) {
        foreach ($other in $All) {
            if ([string]::Equals($other.Name, $name, 'OrdinalIgnoreCase')) {
                New-StubService $other @()
            }
        }
    }
    [pscustomobject] @{
        Name = $Service.Name
        ServiceName = $Service.Name
        Status = [ServiceControllerStatus] $Service.Status
        DependentServices = @($dependents)
    }
}

function Get-Service {
    [CmdletBinding()]
    param([Parameter(Position = 0)] [Alias('ServiceName')] [string[]] $Name)
    $all = @(Get-StubServices)
    foreach ($wanted in $Name) {
        $found = foreach ($service in $all) {
            if ([string]::Equals($service.Name, $wanted, 'OrdinalIgnoreCase')) {
                New-StubService $service $all
            }
        }
        if ($null -eq $found) {
            $exception = New-StubException 'ServiceCommandException' "Cannot find any service with service name '$wanted'."
            $PSCmdlet.WriteError([Management.Automation.ErrorRecord]::new($exception, 'NoServiceFoundForGivenName', 'ObjectNotFound', $wanted))
        }
        $found
    }
}

# Process ids are made here: one for each running service, and one for exchucutil where it runs.
function Get-WmiObject {
    [CmdletBinding()]
    param([Parameter(Mandatory = $true, Position = 0)] [string] $Class)
    $services = @(Get-StubServices)
    $number = 1000
    if ([string]::Equals($Class, 'Win32_Process', 'OrdinalIgnoreCase') -and $script:IsScriptRunning) {
        New-StubProcess 999 'powershell.exe -Command .\exchucutil.ps1' ([datetime]::UtcNow)
    }
    foreach ($service in $services) {
        $number++
        $process = 0
        if ($null -ne $service.Started) {
            $process = $number
        }
        if ([string]::Equals($Class, 'Win32_Service', 'OrdinalIgnoreCase')) {
            [pscustomobject] @{ Name = $service.Name; ProcessId = [uint32] $process; StartMode = $service.Mode }
        } elseif ($process -ne 0) {
            New-StubProcess $number ($service.Name + '.exe') ([datetime]::Parse($service.Started, [Globalization.CultureInfo]::InvariantCulture, 'RoundtripKind'))
        }
    }
}

function New-StubProcess([uint32] $Id, [string] $CommandLine, [datetime] $Started) {
    $process = [pscustomobject] @{
        ProcessId = $Id
        CommandLine = $CommandLine
        CreationDate = $Started.ToUniversalTime().ToString('yyyyMMddHHmmss.ffffff', [Globalization.CultureInfo]::InvariantCulture) + '+000'
    }
    $convert = {
        param([string] $Text)
        $moment = [datetime]::ParseExact($Text.Substring(0, 21), 'yyyyMMddHHmmss.ffffff', [Globalization.CultureInfo]::InvariantCulture)
        [datetime]::SpecifyKind($moment, 'Utc')
    }
    $process.PSObject.Methods.Add([psscriptmethod]::new('ConvertToDateTime', $convert))
    $process
}
