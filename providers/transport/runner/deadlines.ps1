# Until when a command may begin. Whoever sends it knows both clocks of this host from earlier answers, and says a moment
# on each: the seconds since the host started, which nobody can set, and the time of day, which also counts while a
# virtual machine is paused. However long a request was on its way or waited for its turn, it never begins after that.

function Get-ReconcilerUptime {
    [double][Diagnostics.Stopwatch]::GetTimestamp() / [Diagnostics.Stopwatch]::Frequency
}

function Get-ReconcilerTime {
    ([DateTime]::UtcNow - $Reconciler.Epoch).TotalSeconds
}

# A reply that also tells the clocks as they are now.
function Add-ReconcilerClocks([string]$Json) {
    $uptime = (Get-ReconcilerUptime).ToString('F3', $Reconciler.Invariant)
    $time = (Get-ReconcilerTime).ToString('F3', $Reconciler.Invariant)
    $Json.Substring(0, $Json.Length - 1) + ',"clocks":[' + $uptime + ',' + $time + ']}'
}

# A host that runs for a shorter time than when it was asked has been restarted since: its clock counts anew.
function Test-ReconcilerLate {
    $window = $Reconciler.NotAfter
    if ($null -eq $window) {
        return $false
    }
    $uptime = [double](Get-ReconcilerUptime)
    $time = [double](Get-ReconcilerTime)
    $uptime -lt [double]$window[0] -or $uptime -ge [double]$window[1] -or $time -ge [double]$window[2]
}

# The answer tells the clocks: whoever sent the request may have known them badly, or one was set since.
function New-ReconcilerLate([string]$Id, [string]$Cmdlet) {
    Add-ReconcilerClocks (New-ReconcilerRefusal $Id 'CommandExpired' 'OperationTimeout' 'its turn came too late' $Cmdlet)
}
