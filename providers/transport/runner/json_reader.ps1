# Reads the JSON of a request, strictly: a name that stands twice, or anything after the value, is an error.

function ConvertFrom-ReconcilerJson([string]$Text) {
    $tokens = New-Object Collections.ArrayList
    $match = $Reconciler.Token.Match($Text)
    $end = 0
    while ($match.Success) {
        [void]$tokens.Add($match.Groups[1].Value)
        $end = $match.Index + $match.Length
        $match = $match.NextMatch()
    }
    if ($Text.Substring($end).Trim().Length -gt 0) {
        throw 'not JSON'
    }
    $Reconciler.At = 0
    $value = Read-ReconcilerValue $tokens 0
    if ($Reconciler.At -ne $tokens.Count) {
        throw 'text after the JSON value'
    }
    , $value
}

# A token beyond the last one is an error of the index, which says as much as a text would.
function Read-ReconcilerValue($Tokens, [int]$Depth) {
    if ($Depth -gt 16) {
        throw 'JSON nested too deep'
    }
    $token = $Tokens[$Reconciler.At]
    $Reconciler.At++
    $first = [int][char]$token[0]
    if ($first -eq 34) {
        if ($token.IndexOf([char]92) -lt 0) {
            return $token.Substring(1, $token.Length - 2)
        }
        return (Read-ReconcilerString $token)
    }
    if ($first -eq 123) {
        return (Read-ReconcilerObject $Tokens $Depth)
    }
    if ($first -eq 91) {
        $list = Read-ReconcilerList $Tokens $Depth
        return , $list
    }
    if ($first -eq 116) {
        return $true
    }
    if ($first -eq 102) {
        return $false
    }
    if ($first -eq 110) {
        return $null
    }
    if (($first -ge 48 -and $first -le 57) -or $first -eq 45) {
        return (Read-ReconcilerNumber $token)
    }
    throw 'JSON value expected'
}

function Read-ReconcilerObject($Tokens, [int]$Depth) {
    $object = New-Object 'System.Collections.Generic.Dictionary[string,object]' ([StringComparer]::Ordinal)
    if ([int][char]$Tokens[$Reconciler.At][0] -eq 125) {
        $Reconciler.At++
        return $object
    }
    while ($true) {
        $token = $Tokens[$Reconciler.At]
        if ([int][char]$token[0] -ne 34 -or [int][char]$Tokens[$Reconciler.At + 1][0] -ne 58) {
            throw 'JSON name and colon expected'
        }
        $Reconciler.At += 2
        $name = $token.Substring(1, $token.Length - 2)
        if ($name.IndexOf([char]92) -ge 0) {
            $name = Read-ReconcilerString $token
        }
        if ($object.ContainsKey($name)) {
            throw 'JSON name twice'
        }
        $object[$name] = Read-ReconcilerValue $Tokens ($Depth + 1)
        $mark = [int][char]$Tokens[$Reconciler.At][0]
        $Reconciler.At++
        if ($mark -eq 125) {
            return $object
        }
        if ($mark -ne 44) {
            throw 'JSON comma expected'
        }
    }
}

function Read-ReconcilerList($Tokens, [int]$Depth) {
    $list = New-Object Collections.ArrayList
    $mark = [int][char]$Tokens[$Reconciler.At][0]
    if ($mark -eq 93) {
        $Reconciler.At++
        return , $list.ToArray()
    }
    while ($true) {
        $value = Read-ReconcilerValue $Tokens ($Depth + 1)
        [void]$list.Add($value)
        $mark = [int][char]$Tokens[$Reconciler.At][0]
        $Reconciler.At++
        if ($mark -eq 93) {
            return , $list.ToArray()
        }
        if ($mark -ne 44) {
            throw 'JSON comma expected'
        }
    }
}

# The escapes of JSON are escapes of .NET's regular expressions as well; the token's pattern lets no others through.
function Read-ReconcilerString([string]$Token) {
    [regex]::Unescape($Token.Substring(1, $Token.Length - 2))
}

function Read-ReconcilerNumber([string]$Token) {
    if ($Token.IndexOfAny([char[]]@('.', 'e', 'E')) -ge 0) {
        return [double]::Parse($Token, [Globalization.NumberStyles]::Float, $Reconciler.Invariant)
    }
    $number = [decimal]::Parse($Token, [Globalization.NumberStyles]::AllowLeadingSign, $Reconciler.Invariant)
    if ($number -ge -2147483648 -and $number -le 2147483647) {
        return [int]$number
    }
    if ($number -ge -9223372036854775808 -and $number -le 9223372036854775807) {
        return [long]$number
    }
    $number
}
