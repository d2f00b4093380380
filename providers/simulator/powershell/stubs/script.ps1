# What the stand-in of exchucutil calls to have its work done.
function Invoke-StubScript([string] $Forest, [bool] $Verify) {
    $arguments = '{}'
    if ($Forest) {
        $arguments = '{"Forest":' + (ConvertTo-StubText $Forest) + '}'
    }
    if ($Verify) {
        return
    }
    $answer = Send-StubRequest ('{"op":"script","parameters":' + $arguments + '}')
    if ([string]::Equals($answer[0], 'error', 'Ordinal')) {
        throw (New-StubError 'exchucutil.ps1' $answer)
    }
    $answer[5].TrimEnd("`n").Split("`n")
}
