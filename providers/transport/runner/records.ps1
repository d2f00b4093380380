# The objects that a cmdlet returns, written as they come, in parts of limited size.

function Start-ReconcilerRecords($Names) {
    $Reconciler.Part = New-Object Text.StringBuilder
    $Reconciler.PartCount = 0
    $Reconciler.PartNumber = 1
    $Reconciler.Properties = New-Object Collections.ArrayList
    foreach ($name in @(Get-ReconcilerItems $Names)) {
        [void]$Reconciler.Properties.Add(@($name, ((ConvertTo-ReconcilerText $name) + ':')))
    }
}

# One pass over the properties asked for. Common kinds of value are written here, without a call of a function: a listing
# has twelve of them for each of ten thousand objects, and a call costs more than all else that a value needs.
function Write-ReconcilerRecords {
    begin {
        $pairs = $Reconciler.Properties.ToArray()
        $unsafe = $Reconciler.Unsafe
        $texts = $Reconciler.Texts
        $ordinal = [StringComparison]::Ordinal
        $invariant = $Reconciler.Invariant
    }
    process {
        $item = $_
        if ($null -eq $item) {
            return
        }
        if ($Reconciler.PartCount -ge $Reconciler.PartMost -or $Reconciler.Part.Length -ge $Reconciler.PartSizeMost) {
            Send-ReconcilerPart
        }
        $json = $Reconciler.Part
        $mark = '{'
        if ($Reconciler.PartCount -gt 0) {
            $mark = ',{'
        }
        $start = $json.Length
        $Reconciler.PartCount++
        try {
            $known = $item.PSObject.Properties
            foreach ($pair in $pairs) {
                $property = $known[$pair[0]]
                if ($null -eq $property) {
                    continue
                }
                [void]$json.Append($mark).Append($pair[1])
                $mark = ','
                $value = $property.Value
                $text = $null
                if ($value -is [string]) {
                    $text = $value
                } elseif ($null -eq $value -and $null -eq $property.get_Value()) {
                    [void]$json.Append('null')
                } elseif ($value -is [bool]) {
                    if ($value) {
                        [void]$json.Append('true')
                    } else {
                        [void]$json.Append('false')
                    }
                } elseif ($value -is [Collections.IList] -and $value -isnot [byte[]] -and -not $texts.ContainsKey($value.GetType().Name)) {
                    $between = '['
                    foreach ($element in $value) {
                        [void]$json.Append($between)
                        $between = ','
                        if ($element -is [string] -and -not $unsafe.IsMatch($element)) {
                            [void]$json.Append('"').Append($element).Append('"')
                        } else {
                            [void]$json.Append((ConvertTo-ReconcilerJson $element 1))
                        }
                    }
                    if ([int][char]$between[0] -eq 91) {
                        [void]$json.Append('[')
                    }
                    [void]$json.Append(']')
                } elseif ($value -is [DateTime]) {
                    [void]$json.Append('"').Append($value.ToUniversalTime().ToString('o', $invariant)).Append('"')
                } elseif ($value -is [Guid]) {
                    [void]$json.Append('"').Append($value.ToString('d')).Append('"')
                } elseif ($value -is [int] -and $value -is [PSObject] -and $value.PSObject.TypeNames[0].StartsWith('Deserialized.', $ordinal)) {
                    # An enumeration as a remote session hands it on: a number that says its name.
                    $text = $value.ToString()
                } elseif ($value -is [PSObject]) {
                    [void]$json.Append((ConvertTo-ReconcilerJson $value 0))
                } elseif ($value -is [int]) {
                    [void]$json.Append($value.ToString($invariant))
                } elseif ($value -is [Enum]) {
                    $text = $value.ToString()
                } else {
                    [void]$json.Append((Read-ReconcilerProperty $property 0))
                }
                if ($null -eq $text) {
                    continue
                }
                if ($unsafe.IsMatch($text)) {
                    [void]$json.Append((ConvertTo-ReconcilerText $text))
                } else {
                    [void]$json.Append('"').Append($text).Append('"')
                }
            }
        } catch {
            $json.Length = $start
            Write-ReconcilerCarefully $item
            return
        }
        if ([int][char]$mark[$mark.Length - 1] -eq 123) {
            [void]$json.Append($mark)
        }
        [void]$json.Append('}')
    }
}

# The record of an object that has a property which cannot be read: the others are still sent.
function Write-ReconcilerCarefully($Item) {
    $parts = New-Object Collections.ArrayList
    foreach ($pair in $Reconciler.Properties) {
        $property = $Item.PSObject.Properties[$pair[0]]
        if ($null -ne $property) {
            [void]$parts.Add($pair[1] + (Read-ReconcilerProperty $property 0))
        }
    }
    if ($Reconciler.PartCount -gt 1) {
        [void]$Reconciler.Part.Append(',')
    }
    [void]$Reconciler.Part.Append('{').Append([string]::Join(',', $parts.ToArray())).Append('}')
}

function Send-ReconcilerPart {
    $json = '{"id":' + $Reconciler.ReplyId + ',"part":' + $Reconciler.PartNumber.ToString($Reconciler.Invariant)
    Add-ReconcilerReply ($json + ',"ok":true,"more":true,"records":[' + $Reconciler.Part.ToString() + ']}')
    $Reconciler.PartNumber++
    $Reconciler.Part = New-Object Text.StringBuilder
    $Reconciler.PartCount = 0
}

function Send-ReconcilerResult($Warnings, [string]$Output) {
    $told = New-Object Collections.ArrayList
    foreach ($warning in @(Get-ReconcilerItems $Warnings)) {
        [void]$told.Add((ConvertTo-ReconcilerText (Limit-ReconcilerText ([string]$warning) 2000)))
    }
    $json = '{"id":' + $Reconciler.ReplyId + ',"ok":true'
    if ($Reconciler.PartNumber -gt 1) {
        $json += ',"part":' + $Reconciler.PartNumber.ToString($Reconciler.Invariant)
    }
    $json += ',"records":[' + $Reconciler.Part.ToString() + '],"warnings":[' + [string]::Join(',', $told.ToArray()) + ']'
    Add-ReconcilerReply ($json + ',"output":' + (ConvertTo-ReconcilerText $Output) + '}')
}
