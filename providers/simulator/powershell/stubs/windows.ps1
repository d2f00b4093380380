# A stand-in for what only Windows PowerShell on an Exchange server has: snap-ins, and the server's own endpoint.
#
# A session to Microsoft.Exchange is a runspace of its own, reached over a pipe by PowerShell's own remoting protocol: what
# is serialised and deserialised on the way, is by Microsoft's code. The far side has no language and shows the cmdlets
# of the product alone. What New-PSSession does over HTTP with Kerberos, and the proxies of Import-PSSession, are ours.
# A pipe takes one client, so that a process that opens another session gets the one it has.

$script:IsLoaded = $false

function Get-PSSnapin {
    [CmdletBinding()]
    param([Parameter(Position = 0)] [string[]] $Name, [switch] $Registered)
    $snapin = (Get-StubSetup).SnapIn
    $isThere = $snapin -and ($Registered -or $script:IsLoaded)
    if ($isThere -and -not $Name) {
        return New-StubSnapin $snapin
    }
    foreach ($wanted in $Name) {
        if ($isThere -and [string]::Equals($wanted, $snapin, 'OrdinalIgnoreCase')) {
            New-StubSnapin $snapin
        } else {
            $PSCmdlet.WriteError((New-StubSnapinError "No snap-in '$wanted' was found." 'GetPSSnapInRead' $wanted))
        }
    }
}

# As the real one does, it refuses a snap-in that is loaded, and goes on with the next.
function Add-PSSnapin {
    [CmdletBinding()]
    param([Parameter(Mandatory = $true, Position = 0)] [string[]] $Name)
    $setup = Get-StubSetup
    foreach ($wanted in $Name) {
        if (-not [string]::Equals($wanted, $setup.SnapIn, 'OrdinalIgnoreCase')) {
            $PSCmdlet.WriteError((New-StubSnapinError "The snap-in '$wanted' is not installed." 'AddPSSnapInRead' $wanted))
        } elseif ($script:IsLoaded) {
            $PSCmdlet.WriteError((New-StubSnapinError "The snap-in '$wanted' was added before." 'AddPSSnapInRead' $wanted))
        } else {
            Import-Module $setup.SnapInPath -Global -DisableNameChecking -ErrorAction Stop
            $script:IsLoaded = $true
        }
    }
}

function New-StubSnapin([string] $Name) {
    [pscustomobject] @{ Name = $Name; PSVersion = [version] '1.0' }
}

function New-StubSnapinError([string] $Message, [string] $Id, [string] $Name) {
    $exception = [Management.Automation.PSArgumentException]::new($Message)
    [Management.Automation.ErrorRecord]::new($exception, $Id, 'InvalidArgument', $Name)
}

# What the far side is given before its language is taken away.
$script:FarSide = {
    param([string] $Path)
    Import-Module $Path -DisableNameChecking -ErrorAction Stop
    $module = [IO.Path]::GetFileNameWithoutExtension($Path)
    foreach ($command in Get-Command -ListImported) {
        $isShown = [string]::Equals($command.ModuleName, $module, 'Ordinal') -or [string]::Equals($command.Name, 'Get-Command', 'Ordinal')
        if (-not $isShown) {
            $command.Visibility = 'Private'
        }
    }
    $PSModuleAutoLoadingPreference = 'None'
    $ExecutionContext.SessionState.Applications.Clear()
    $ExecutionContext.SessionState.Scripts.Clear()
    $ExecutionContext.SessionState.LanguageMode = 'NoLanguage'
}

function Open-StubPipe([string] $Name) {
    $server = [Management.Automation.Remoting.RemoteSessionNamedPipeServer]
    $server::CreateCustomNamedPipeServer($Name)
    $info = [Management.Automation.Runspaces.NamedPipeConnectionInfo]::new($Name)
    $runspace = [Management.Automation.Runspaces.RunspaceFactory]::CreateRunspace($info)
    $runspace.Open()
    $runspace
}

function New-PSSession {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory = $true)] [string] $ConfigurationName,
        [Parameter(Mandatory = $true)] [uri] $ConnectionUri,
        [string] $Authentication = 'Default',
        [Management.Automation.PSCredential] $Credential
    )
    $setup = Get-StubSetup
    $isThere = $setup.Endpoint -and [string]::Equals($ConfigurationName, 'Microsoft.Exchange', 'OrdinalIgnoreCase') -and
        [string]::Equals($ConnectionUri.AbsolutePath.Trim('/'), 'PowerShell', 'OrdinalIgnoreCase')
    $account = ''
    if ($null -ne $Credential) {
        $account = ',"user":' + (ConvertTo-StubJson $Credential.UserName) + ',"password":' + (ConvertTo-StubJson $Credential.Password)
    }
    $id = 'CannotConnect'
    $message = 'The WinRM client cannot process the request: there is no such endpoint.'
    if ($isThere -and ($null -eq $Credential -or [string]::Equals($Authentication, 'Kerberos', 'OrdinalIgnoreCase'))) {
        $answer = Send-StubRequest ('{"op":"logon"' + $account + '}')
        $isThere = $answer[1]
        $id = 'AccessDenied'
        $message = 'Access is denied.'
    } else {
        $isThere = $false
    }
    if (-not $isThere) {
        $exception = [Management.Automation.Remoting.PSRemotingTransportException]::new($message)
        $PSCmdlet.ThrowTerminatingError([Management.Automation.ErrorRecord]::new($exception, $id + ',PSSessionOpenFailed', 'OpenError', $ConnectionUri))
    }
    if ($null -eq $script:Session) {
        $runspace = Open-StubFarSide $setup.SnapInPath
        $script:Session = [Management.Automation.Runspaces.PSSession]::Create($runspace, 'HTTP', $PSCmdlet)
    }
    $script:Session
}

$script:Session = $null

function Open-StubFarSide([string] $SnapInPath) {
    $runspace = Open-StubPipe ('exchange-' + $PID)
    $far = [PowerShell]::Create()
    $far.Runspace = $runspace
    [void] $far.AddScript($script:FarSide.ToString()).AddArgument($SnapInPath).Invoke()
    if ($far.Streams.Error.Count -gt 0) {
        throw $far.Streams.Error[0]
    }
    $far.Dispose()
    $runspace
}

# As in the proxies that Import-PSSession writes: every parameter without type, set or attribute, because binding happens
# on the far side; parameters of the near side alone are taken off; what is unknown goes along as it is.
$script:Proxy = @'
function {0} {{
    param({1})
    $positional = [Collections.ArrayList]::new()
    foreach ($name in @($PSBoundParameters.BoundPositionally)) {{
        [void] $positional.Add($PSBoundParameters[$name])
        [void] $PSBoundParameters.Remove($name)
    }}
    $positional.AddRange($args)
    $nearSide = @{{}}
    foreach ($name in 'ErrorVariable', 'WarningVariable', 'OutVariable', 'OutBuffer') {{
        if ($PSBoundParameters.ContainsKey($name)) {{
            $nearSide[$name] = $PSBoundParameters[$name]
            [void] $PSBoundParameters.Remove($name)
        }}
    }}
    Invoke-Command @nearSide -HideComputerName -Session $Session -ArgumentList '{0}', $PSBoundParameters, $positional -ScriptBlock {{
        param($name, $boundParams, $unboundParams)
        & $name @boundParams @unboundParams
    }}
}}
'@

$script:ProxyCommon = @(
    '[Alias("ea")] ${ErrorAction}', '[Alias("wa")] ${WarningAction}', '[Alias("ev")] ${ErrorVariable}',
    '[Alias("wv")] ${WarningVariable}', '[Alias("ov")] ${OutVariable}', '[Alias("ob")] ${OutBuffer}',
    '[Alias("vb")] [switch] ${Verbose}', '[Alias("db")] [switch] ${Debug}'
)

function New-StubProxy([string] $Name, $Parameters) {
    $declared = foreach ($parameter in $Parameters) {
        $text = ''
        foreach ($alias in $parameter[1]) {
            $text += "[Alias('$alias')] "
        }
        if ($parameter[2]) {
            $text += '[switch] '
        }
        $text + '${' + $parameter[0] + '}'
    }
    $script:Proxy -f $Name, ((@($declared) + $script:ProxyCommon) -join ', ')
}

function Import-PSSession {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory = $true, Position = 0)] [Management.Automation.Runspaces.PSSession] $Session,
        [string[]] $CommandName = '*',
        [switch] $DisableNameChecking,
        [switch] $AllowClobber
    )
    $setup = Get-StubSetup
    $known = [Management.Automation.PSSerializer]::Deserialize([IO.File]::ReadAllText($setup.Proxies))
    $far = [PowerShell]::Create()
    $far.Runspace = $Session.Runspace
    [void] $far.AddCommand('Get-Command').AddParameter('CommandType', 'Function').AddParameter('Name', $CommandName).AddParameter('ErrorAction', 'SilentlyContinue')
    $texts = foreach ($command in $far.Invoke()) {
        # Not by Get-Command, which looks through every folder of the path for what is not there.
        $isFree = $AllowClobber -or $null -eq $ExecutionContext.SessionState.InvokeCommand.GetCommand($command.Name, 'Cmdlet, Function')
        if ($isFree -and $known.ContainsKey($command.Name)) {
            New-StubProxy $command.Name $known[$command.Name]
        }
    }
    $far.Dispose()
    if ($null -eq $texts) {
        return
    }
    $text = 'param($Session)' + "`n" + ($texts -join "`n")
    $name = 'tmp_' + [guid]::NewGuid().ToString('n').Substring(0, 12)
    New-Module -Name $name -ScriptBlock ([scriptblock]::Create($text)) -ArgumentList $Session |
        Import-Module -Global -DisableNameChecking -PassThru
}
