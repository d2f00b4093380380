# What stub cmdlets return: objects as the products have them, and their errors.

$script:StubModule = $null

# Types that only the running engine can make: a generic structure, and exceptions by name. Making the first one takes a
# tenth of a second, so that it waits until one is asked for.
function Initialize-StubTypes {
    if ($null -ne $script:StubModule) {
        return
    }
    $assembly = [Reflection.Emit.AssemblyBuilder]::DefineDynamicAssembly([Reflection.AssemblyName]::new('StubTypes'), 'Run')
    $script:StubModule = $assembly.DefineDynamicModule('StubTypes')
    $script:StubExceptions = @{}
    $builder = $script:StubModule.DefineType('Microsoft.Exchange.Data.Unlimited`1', 'Public, Sealed, BeforeFieldInit', [object])
    $argument = $builder.DefineGenericParameters('T')[0]
    $flag = $builder.DefineField('hasNoLimit', [bool], 'Public')
    $value = $builder.DefineField('limit', $argument, 'Public')
    Add-StubProperty $builder 'IsUnlimited' ([bool]) $flag
    Add-StubProperty $builder 'Value' $argument $value
    Add-StubToString $builder $flag $value $argument
    $script:Unlimited = $builder.CreateType()
}

function Add-StubProperty($Builder, [string] $Name, $Type, $Field) {
    $getter = $Builder.DefineMethod('get_' + $Name, 'Public, SpecialName, HideBySig', $Type, [type[]] @())
    $code = $getter.GetILGenerator()
    $code.Emit([Reflection.Emit.OpCodes]::Ldarg_0)
    $code.Emit([Reflection.Emit.OpCodes]::Ldfld, $Field)
    $code.Emit([Reflection.Emit.OpCodes]::Ret)
    $Builder.DefineProperty($Name, 'None', $Type, [type[]] @()).SetGetMethod($getter)
}

# "Unlimited", or the text of the value.
function Add-StubToString($Builder, $Flag, $Value, $Argument) {
    $method = $Builder.DefineMethod('ToString', 'Public, Virtual, HideBySig', [string], [type[]] @())
    $code = $method.GetILGenerator()
    $limited = $code.DefineLabel()
    $code.Emit([Reflection.Emit.OpCodes]::Ldarg_0)
    $code.Emit([Reflection.Emit.OpCodes]::Ldfld, $Flag)
    $code.Emit([Reflection.Emit.OpCodes]::Brfalse, $limited)
    $code.Emit([Reflection.Emit.OpCodes]::Ldstr, 'Unlimited')
    $code.Emit([Reflection.Emit.OpCodes]::Ret)
    $code.MarkLabel($limited)
    $code.Emit([Reflection.Emit.OpCodes]::Ldarg_0)
    $code.Emit([Reflection.Emit.OpCodes]::Ldflda, $Value)
    $code.Emit([Reflection.Emit.OpCodes]::Constrained, $Argument)
    $code.Emit([Reflection.Emit.OpCodes]::Callvirt, [object].GetMethod('ToString'))
    $code.Emit([Reflection.Emit.OpCodes]::Ret)
    $Builder.DefineMethodOverride($method, [object].GetMethod('ToString'))
}

function New-StubUnlimited([object] $Value) {
    Initialize-StubTypes
    if ($Value -is [string] -and [string]::Equals($Value, 'Unlimited', 'Ordinal')) {
        $made = [Activator]::CreateInstance($script:Unlimited.MakeGenericType([int]))
        $made.hasNoLimit = $true
        return $made
    }
    $bare = $Value
    if ($Value -is [string]) {
        $bare = [timespan]::ParseExact($Value, 'c', [Globalization.CultureInfo]::InvariantCulture)
    }
    $made = [Activator]::CreateInstance($script:Unlimited.MakeGenericType($bare.GetType()))
    $made.limit = $bare
    $made
}

# One of .NET's or PowerShell's own exceptions, or one that is made under that name.
function New-StubException([string] $Name, [string] $Message) {
    foreach ($space in 'System.', 'System.Management.Automation.') {
        $known = ($space + $Name) -as [type]
        if ($null -ne $known) {
            return $known::new($Message)
        }
    }
    Initialize-StubTypes
    if (-not $script:StubExceptions.ContainsKey($Name)) {
        $builder = $script:StubModule.DefineType('Microsoft.Exchange.Configuration.Tasks.' + $Name, 'Public', [Exception])
        $code = $builder.DefineConstructor('Public', 'Standard', [type[]] @([string])).GetILGenerator()
        $code.Emit([Reflection.Emit.OpCodes]::Ldarg_0)
        $code.Emit([Reflection.Emit.OpCodes]::Ldarg_1)
        $code.Emit([Reflection.Emit.OpCodes]::Call, [Exception].GetConstructor([type[]] @([string])))
        $code.Emit([Reflection.Emit.OpCodes]::Ret)
        $script:StubExceptions[$Name] = $builder.CreateType()
    }
    $script:StubExceptions[$Name]::new($Message)
}

# Thrown by itself, an error record keeps its FullyQualifiedErrorId: that of the product's own class, not of a function.
function New-StubError([string] $Cmdlet, $Told) {
    $exception = New-StubException $Told[1] $Told[4]
    $record = [Management.Automation.ErrorRecord]::new($exception, $Told[2], $Told[3], $Told[5])
    $record.CategoryInfo.Activity = $Cmdlet
    $record
}

function ConvertTo-StubValue([object] $Value, [string] $Kind, [string] $Type) {
    if ($null -eq $Value) {
        return
    }
    switch ($Kind) {
        'reference' { return [ADObjectId]::new($Value[0], $Value[1], $Value[2]) }
        'unlimited' { return New-StubUnlimited $Value }
        'time' { return [datetime]::Parse($Value, [Globalization.CultureInfo]::InvariantCulture, 'RoundtripKind') }
        'span' { return [timespan]::ParseExact($Value, 'c', [Globalization.CultureInfo]::InvariantCulture) }
        'guid' { return [guid]::new($Value) }
        'text' { return $script:StubTextTypes[$Type]::new($Value) }
        'address' { return [ProxyAddress]::Parse($Value) }
        'enum' { return [enum]::Parse($script:StubEnums[$Type], $Value) }
        'bag' { return New-StubBag $Value }
    }
    $Value
}

function New-StubBag($Pairs) {
    $bag = [ordered] @{}
    foreach ($pair in $Pairs) {
        $bag[$pair[0]] = $pair[1]
    }
    [pscustomobject] $bag
}

function New-StubObject($Columns, $Row, [string] $Type) {
    $bag = [ordered] @{}
    $at = 0
    foreach ($column in $Columns) {
        $at++
        $value = $Row[$at]
        $kind = $column[1]
        if ($column[3]) {
            $many = [MultiValuedProperty]::new(@())
            foreach ($item in $value) {
                [void] $many.Add((ConvertTo-StubValue $item $kind $column[2]))
            }
            $value = $many
        } elseif ($kind) {
            $value = ConvertTo-StubValue $value $kind $column[2]
        }
        $bag[$column[0]] = $value
    }
    $made = [pscustomobject] $bag
    $made.PSTypeNames.Insert(0, $Type)
    $made
}

# Hands a bound call over and gives back what the directory answers: objects, warnings, or its error.
function Invoke-StubCmdlet([Management.Automation.PSCmdlet] $Cmdlet, $Bound, [bool] $Asks) {
    $name = $Cmdlet.MyInvocation.MyCommand.Name
    if ($Asks -and -not $Cmdlet.ShouldProcess([string] $Bound['Identity'])) {
        return
    }
    $arguments = foreach ($parameter in $Bound.Keys) {
        if (-not $script:StubCommon.Contains($parameter)) {
            '"' + $parameter + '":' + (ConvertTo-StubJson $Bound[$parameter])
        }
    }
    $json = '{"op":"invoke","cmdlet":"' + $name + '","parameters":{' + ($arguments -join ',') + '}}'
    $answer = Send-StubRequest $json
    if ([string]::Equals($answer[0], 'error', 'Ordinal')) {
        throw (New-StubError $name $answer)
    }
    foreach ($warning in $answer[1]) {
        $Cmdlet.WriteWarning($warning)
    }
    foreach ($row in $answer[4]) {
        $Cmdlet.WriteObject((New-StubObject $answer[3][$row[0]] $row $answer[2]))
    }
}

$script:StubCommon = [Collections.Generic.HashSet[string]]::new([StringComparer]::OrdinalIgnoreCase)
foreach ($common in [Management.Automation.PSCmdlet]::CommonParameters + [Management.Automation.PSCmdlet]::OptionalCommonParameters) {
    [void] $script:StubCommon.Add($common)
}
