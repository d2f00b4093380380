begin {
    $ProgressPreference = 'SilentlyContinue'
    $ReconcilerScript = New-Object Text.StringBuilder
    $ReconcilerLoaded = $false
}
process {
    foreach ($ReconcilerLine in $input) {
        if ($ReconcilerLoaded) {
            Invoke-ReconcilerLine $ReconcilerLine
        } elseif ([int][char]$ReconcilerLine[0] -ne 46) {
            [void]$ReconcilerScript.Append($ReconcilerLine)
        } else {
            $ReconcilerBytes = [Convert]::FromBase64String($ReconcilerScript.ToString())
            . ([ScriptBlock]::Create([Text.Encoding]::UTF8.GetString($ReconcilerBytes)))
            $ReconcilerLoaded = $true
        }
    }
}
end {
    if ($ReconcilerLoaded) {
        Complete-Reconciler
        exit 0
    }
}
