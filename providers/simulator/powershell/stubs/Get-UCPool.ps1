# Stands for the companion that ExchUCUtil.ps1 calls by a relative path. Which pools there are, the simulator knows: what
# this tells is whether the shell is Exchange's.

$command = Get-Command -Name 'Get-UMIPGateway' -ErrorAction SilentlyContinue
if ($null -eq $command) {
    return $false
}
return $true
