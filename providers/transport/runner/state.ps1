# The part of reconciler that runs on a server. It is a constant: what to do comes as data, one request a line.
#
# Dialect: PowerShell 2.0. Strings are compared by ordinal rules only, because -eq, -contains, switch and -like
# follow a language and hold look-alikes for equal. JSON is read and written here, because the serializers of .NET
# and of PowerShell differ from version to version. Everything on the wire is ASCII.
#
# The files of this folder are sent as one text, joined in the order of their names, which does not matter: all but this
# one declare functions and nothing else. The bootstrap dot-sources that text and then calls Invoke-ReconcilerLine for
# every line of standard input. Where to begin: operations.ps1, whose last functions are the loop; then calls.ps1 with
# records.ps1, which are what a run is mostly made of. This file holds what lives as long as the session.

function New-ReconcilerTable {
    New-Object 'System.Collections.Generic.Dictionary[string,object]' ([StringComparer]::Ordinal)
}

# What can be splatted; the keys of a literal one are compared by the rules of a language.
function New-ReconcilerHashtable {
    New-Object Collections.Hashtable ([StringComparer]::OrdinalIgnoreCase)
}

function New-ReconcilerSet([string[]]$Names) {
    $set = New-Object 'System.Collections.Generic.Dictionary[string,bool]' ([StringComparer]::OrdinalIgnoreCase)
    foreach ($name in $Names) {
        $set[$name] = $true
    }
    , $set
}

$Reconciler = @{
    Nonce = ''
    Invariant = [Globalization.CultureInfo]::InvariantCulture
    English = New-Object Globalization.CultureInfo 'en-US'
    Culture = [Globalization.CultureInfo]::CurrentCulture.Name
    Utf8 = New-Object Text.UTF8Encoding $false
    Sha1 = [Security.Cryptography.SHA1]::Create()
    Line = [regex]'^([0-9]{1,9}) ([0-9a-f]{8}) ([A-Za-z0-9+/]+={0,2})\z'
    Token = [regex]'\G[ \t\r\n]*("[^"\\]*(?:\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})[^"\\]*)*"|-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null|[{}\[\],:])'
    Unsafe = [regex]'[^ !#-\[\]-~]'
    Name = [regex]'^[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+|\.ps1)\z'
    FailureType = [regex]'\[FailureCategory=[A-Za-z]+-([A-Za-z0-9_]+)\]'
    At = 0
    Buffer = New-Object Text.StringBuilder
    Flushed = [Diagnostics.Stopwatch]::StartNew()
    NotAfter = $null
    IsLate = $false
    Epoch = New-Object DateTime 1970, 1, 1, 0, 0, 0, ([DateTimeKind]::Utc)
    Stored = New-ReconcilerTable
    Ids = New-Object Collections.Queue
    StoredSize = 0
    Executed = New-ReconcilerTable
    Allowed = New-ReconcilerTable
    Commands = New-ReconcilerTable
    Always = $null
    Sources = $null
    Adapter = 'none'
    IsReady = $false
    Credential = $null
    Session = $null
    SessionUsed = $null
    Mutex = 'Global\reconciler-exchucutil'
    SessionIdleSeconds = 300
    Product = ''
    Reply = $null
    Id = ''
    ReplyId = $null
    ReplySize = 0
    IsRead = $false
    HasBegun = $false
    Part = $null
    PartCount = 0
    PartNumber = 0
    Properties = $null
    Output = $null
    Objects = $null
    StoredMost = 5000
    StoredSizeMost = 33554432
    ReadSizeMost = 1048576
    ExecutedMost = 200000
    PartMost = 1000
    PartSizeMost = 4194304
    DeflateFrom = 0
}

# Types that say what they are by ToString. Collections among the values of a property are told by what they are.
$Reconciler.Texts = New-ReconcilerSet @(
    'SmtpAddress', 'SmtpDomain', 'ProxyAddress', 'SmtpProxyAddress', 'EumProxyAddress', 'X400ProxyAddress',
    'CustomProxyAddress', 'InvalidProxyAddress', 'MeumProxyAddressE164', 'MeumProxyAddressGateway',
    'ProxyAddressTemplate', 'E164Number', 'Version', 'ServerVersion', 'Uri', 'CultureInfo', 'ScheduleInterval',
    'IPAddress', 'UMSmartHost', 'UMLanguage', 'UMTimeZone', 'HolidaySchedule', 'NumberFormat',
    'DialGroupEntry', 'CustomMenuKeyMapping', 'LocalizedString', 'SipUri', 'RtcUri', 'LineUri', 'Char', 'Fqdn',
    'NetID', 'ServerIdParameter', 'XdsIdentity', 'XdsGlobalRelativeIdentity', 'SimpleMailboxId', 'DatabaseIdParameter'
)
# Of these the deserialised form is worth its text, not its properties.
$Reconciler.Identities = New-ReconcilerSet @(
    'ADObjectId', 'X500DistinguishedName', 'XdsIdentity', 'MailboxId', 'EnhancedTimeSpan', 'TimeSpan', 'ExDateTime'
)
$Reconciler.Secrets = New-ReconcilerSet @('SecureString', 'PSCredential', 'ScriptBlock')
# Programs that run a script by its name on their command line.
$Reconciler.Shells = New-ReconcilerSet @('powershell.exe', 'pwsh.exe', 'powershell_ise.exe', 'cmd.exe')
# What the operations of the runner itself tell.
$Reconciler.Services = @('Name', 'Status', 'StartTime', 'StartMode', 'HostClock', 'RunningDependents', 'StoppedDependents', 'ScriptRunning')
$Reconciler.Facts = @(
    'User', 'Authentication', 'Impersonation', 'Elevated', 'Language', 'FarLanguage', 'ExecutionPolicy', 'Clr', 'Clock',
    'Missing', 'Quotas', 'DirectoryOk', 'DirectoryServer', 'DirectoryError', 'Script'
)

# The elements of a list that may be missing: PowerShell 2.0 goes through foreach once for a null.
function Get-ReconcilerItems($List) {
    if ($null -ne $List) {
        $List
    }
}

function Test-ReconcilerSame($Left, $Right) {
    [string]::Equals([string]$Left, [string]$Right, [StringComparison]::Ordinal)
}

function Test-ReconcilerName($Left, $Right) {
    [string]::Equals([string]$Left, [string]$Right, [StringComparison]::OrdinalIgnoreCase)
}

function Test-ReconcilerStart([string]$Text, [string]$Start) {
    $Text.StartsWith($Start, [StringComparison]::Ordinal)
}

# A type's name without namespace. Arguments of a generic type follow in brackets, full of stops.
function Get-ReconcilerLastName([string]$Type) {
    $bracket = $Type.IndexOf([char]91)
    if ($bracket -ge 0) {
        $Type = $Type.Substring(0, $bracket)
    }
    $Type.Substring($Type.LastIndexOf([char]46) + 1)
}
