# Where the cmdlets come from: a snap-in, the server's own endpoint, or the module of Lync.

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
        $here = Get-Command -Name $name -CommandType 'Cmdlet, Function' -ErrorAction SilentlyContinue
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
