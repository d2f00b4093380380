# A stand-in for ExchUCUtil.ps1: checks that it runs as the shipped script has to, by path, in the folder Scripts and in a
# full shell; what it does is done by the simulator. It prints with Write-Host and ends normally whatever happens.

param(
    [string] $Forest,
    [switch] $Verify
)

$here = $ExecutionContext.SessionState.Path.CurrentFileSystemLocation.ProviderPath
if (-not [IO.File]::Exists([IO.Path]::Combine($here, 'Get-UCPool.ps1'))) {
    Write-Host 'Error: the script Get-UCPool.ps1 is not in the current directory.' -ForegroundColor Red
    return
}
if (-not (& .\Get-UCPool.ps1)) {
    Write-Host 'Error: this is not the Exchange Management Shell.' -ForegroundColor Red
    return
}
foreach ($line in Invoke-StubScript $Forest ([bool] $Verify)) {
    Write-Host $line
}
