# A stand-in for the script that makes a shell one of Exchange's: after Connect-ExchangeServer its cmdlets are there.

function Connect-ExchangeServer {
    param([switch] $auto)
    foreach ($snapin in Get-PSSnapin -Registered) {
        Add-PSSnapin $snapin.Name
    }
}
