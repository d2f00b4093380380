# What a first look at a host tells: the account, the language, quotas, the directory behind it.

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
    $quotas = New-ReconcilerHashtable
    foreach ($name in @('MaxMemoryPerShellMB', 'MaxShellsPerUser', 'MaxProcessesPerShell', 'MaxConcurrentUsers', 'IdleTimeout')) {
        $quota = $config.Winrs.PSObject.Properties[$name]
        if ($null -ne $quota) {
            $quotas[$name] = [long][string]$quota.Value
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
    $facts = New-ReconcilerHashtable
    foreach ($name in $Reconciler.Facts) {
        $facts[$name] = $null
    }
    $facts['Missing'] = Get-ReconcilerMissing $Parameters['Cmdlets']
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
