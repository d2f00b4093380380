# The types of the stub cmdlets: what their parameters convert to, and what their objects consist of. They stand for the
# product's own assemblies. Dialect: PowerShell 7, for this never runs on a customer's server.

# Text that a product parses into a type of its own, such as a host name. Nothing but text converts to it.
class TextParameter {
    hidden [string] $Text
    TextParameter([string] $Text) {
        $this.Text = $Text
    }
    [string] ToString() {
        return $this.Text
    }
}

# Names an object, by a text or by the object itself; an empty text names none.
class IdParameter : TextParameter {
    IdParameter([string] $Text) : base($Text) {
        if ($Text.Length -eq 0) {
            throw [ArgumentException]::new('An identity cannot be empty.')
        }
    }
    IdParameter([pscustomobject] $Object) : base([IdParameter]::Of($Object)) { }
    static [string] Of([psobject] $Object) {
        $identity = $Object.PSObject.Properties['Identity']
        if ($null -eq $identity) {
            throw [ArgumentException]::new('The object has no identity.')
        }
        return [string] $identity.Value
    }
}

# A time span, as .NET writes it; a number alone is days.
class EnhancedTimeSpan : TextParameter {
    EnhancedTimeSpan([string] $Text) : base([timespan]::Parse($Text, [Globalization.CultureInfo]::InvariantCulture).ToString('c')) { }
}

class SmtpAddress : TextParameter {
    SmtpAddress([string] $Text) : base($Text) { }
}
class ProxyAddress : TextParameter {
    ProxyAddress([string] $Text) : base($Text) { }
    # What the product makes of an address, by its prefix; one that is none of its kind is kept, and reported as invalid.
    static [ProxyAddress] Parse([string] $Text) {
        $colon = $Text.IndexOf(':')
        $kind = $Text.Substring(0, [Math]::Max($colon, 0)).ToUpperInvariant()
        $address = $Text.Substring($colon + 1)
        if ($kind.Equals('SMTP') -and $address.IndexOf('@') -ge 0) {
            return [SmtpProxyAddress]::new($Text)
        }
        if ($kind.Equals('EUM') -and $address.IndexOf('phone-context=', [StringComparison]::Ordinal) -ge 0) {
            return [EumProxyAddress]::new($Text)
        }
        if ($kind.Equals('X400') -and $address.EndsWith(';', [StringComparison]::Ordinal)) {
            return [X400ProxyAddress]::new($Text)
        }
        if ($kind.Length -eq 0 -or $kind.Equals('SMTP') -or $kind.Equals('EUM') -or $kind.Equals('X400')) {
            return [InvalidProxyAddress]::new($Text)
        }
        return [CustomProxyAddress]::new($Text)
    }
}
class SmtpProxyAddress : ProxyAddress {
    SmtpProxyAddress([string] $Text) : base($Text) { }
}
class EumProxyAddress : ProxyAddress {
    EumProxyAddress([string] $Text) : base($Text) { }
}
class X400ProxyAddress : ProxyAddress {
    X400ProxyAddress([string] $Text) : base($Text) { }
}
class CustomProxyAddress : ProxyAddress {
    CustomProxyAddress([string] $Text) : base($Text) { }
}
class InvalidProxyAddress : ProxyAddress {
    InvalidProxyAddress([string] $Text) : base($Text) { }
}
class UMSmartHost : TextParameter {
    UMSmartHost([string] $Text) : base($Text) { }
}
class UMLanguage : TextParameter {
    UMLanguage([string] $Text) : base($Text) { }
}
class NumberFormat : TextParameter {
    NumberFormat([string] $Text) : base($Text) { }
}
class ServerVersion : TextParameter {
    ServerVersion([string] $Text) : base($Text) { }
}
class XdsIdentity : TextParameter {
    XdsIdentity([string] $Text) : base($Text) { }
}

# A count that may be unlimited. (What objects show is made in objects.ps1: its type has an argument, this one has not.)
class UnlimitedParameter {
    [object] $Value
    UnlimitedParameter([int] $Number) {
        $this.Value = $Number
    }
    UnlimitedParameter([string] $Text) {
        $number = 0
        $bare = $Text.Trim()
        if ([string]::Equals($bare, 'Unlimited', 'OrdinalIgnoreCase')) {
            $this.Value = 'Unlimited'
        } elseif ([int]::TryParse($bare, 'AllowLeadingSign', [Globalization.CultureInfo]::InvariantCulture, [ref] $number)) {
            $this.Value = $number
        } else {
            $this.Value = [UnlimitedParameter]::Days($bare)
        }
    }
    static [object] Days([string] $Text) {
        $days = [regex]::Match($Text, '^([0-9]{1,8})\.00:00:00\z')
        if (-not $days.Success) {
            throw [FormatException]::new('Neither a number nor Unlimited.')
        }
        return [int] $days.Groups[1].Value
    }
}

# Several values, or what to add to them and to remove. Also a collection where it holds one value or none.
class MultiValuedProperty : Collections.ArrayList {
    hidden [Collections.IDictionary] $Difference
    MultiValuedProperty([object] $Values) {
        if ($Values -is [Collections.IDictionary]) {
            if (-not $script:TakesDifferences) {
                throw [ArgumentException]::new('This version takes no @{Add=...; Remove=...}.')
            }
            foreach ($key in $Values.Keys) {
                if (-not [string]::Equals($key, 'Add', 'OrdinalIgnoreCase') -and -not [string]::Equals($key, 'Remove', 'OrdinalIgnoreCase')) {
                    throw [ArgumentException]::new('Add and Remove are the keys.')
                }
                [MultiValuedProperty]::Check($Values[$key])
            }
            $this.Difference = $Values
        } else {
            [MultiValuedProperty]::Check($Values)
            foreach ($value in $Values) {
                [void] $this.Add([string] $value)
            }
        }
    }
    static [void] Check([object] $Values) {
        foreach ($value in $Values) {
            if ($value -isnot [string] -and $value -isnot [ValueType]) {
                throw [ArgumentException]::new('A value of this property is one text.')
            }
        }
    }
}

# A reference to an object of the directory.
class ADObjectId {
    [string] $DistinguishedName
    [guid] $ObjectGuid
    [string] $Name
    ADObjectId([string] $DistinguishedName, [string] $Guid, [string] $Name) {
        $this.DistinguishedName = $DistinguishedName
        $this.ObjectGuid = $Guid
        $this.Name = $Name
    }
    # The name of a configuration object, the canonical name of a user.
    [string] ToString() {
        if ($this.DistinguishedName.IndexOf(',CN=Users,', [StringComparison]::Ordinal) -lt 0) {
            return $this.Name
        }
        $domain = foreach ($part in $this.DistinguishedName.Split(',')) {
            if ($part.StartsWith('DC=', [StringComparison]::Ordinal)) {
                $part.Substring(3)
            }
        }
        return ($domain -join '.') + '/Users/' + $this.Name
    }
}

# A null for a parameter of text stays null, as it does in a compiled cmdlet; a function would be given an empty text.
class KeepNull : Management.Automation.ArgumentTransformationAttribute {
    [object] Transform([Management.Automation.EngineIntrinsics] $Engine, [object] $Given) {
        if ($null -eq $Given) {
            return [NullString]::Value
        }
        return $Given
    }
}
