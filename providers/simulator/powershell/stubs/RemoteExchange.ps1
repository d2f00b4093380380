# A stand-in for the script that makes a shell one of Exchange's. After Connect-ExchangeServer its cmdlets are there, as the
# real one brings them: proxies of a session of its own, in a module of its own, which without -AllowClobber leaves out
# every command whose name is taken.

function Connect-ExchangeServer {
    param([switch] $Auto, [switch] $AllowClobber)
    $server = [Net.Dns]::GetHostName()
    $global:remoteSession = New-PSSession -ConnectionUri "http://$server/powershell?serializationLevel=Full" -ConfigurationName Microsoft.Exchange
    $global:importResults = Import-PSSession $global:remoteSession -DisableNameChecking -AllowClobber:$AllowClobber
}
