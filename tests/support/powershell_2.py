"""What PowerShell 2.0 and .NET 2.0 have, as far as our scripts use it: whatever is not named here is refused.

Each name was looked at by itself against the documentation of Windows PowerShell 2.0 and of the .NET Framework 2.0 (on
which PowerShell 2.0 runs), so a name may be added only with the same look. A cmdlet has the parameters that it had
then; an instance member has the most arguments that it may be given.
"""

from __future__ import annotations

from typing import Final


def _words(text: str) -> list[str]:
    return text.split()


SYNTAX: Final = frozenset(
    _words(
        """
    additive_argument_expression additive_expression argument_expression argument_expression_list argument_list
    array_expression array_literal_expression array_type_name assignement_operator assignment_expression attribute
    attribute_argument attribute_arguments attribute_list attribute_name bitwise_argument_expression bitwise_expression
    block_name cast_expression catch_clause catch_clauses catch_type_list command command_argument_sep command_elements
    command_invokation_operator command_name command_name_expr command_parameter comment comparison_argument_expression
    comparison_expression comparison_operator decimal_integer_literal element_access else_clause elseif_clause
    elseif_clauses empty_statement expandable_string_literal expression_with_unary_operator finally_clause
    flow_control_statement for_condition for_initializer for_iterator for_statement foreach_statement
    format_argument_expression format_expression function_name function_parameter_declaration function_statement
    generic_token hash_entry hash_literal_body hash_literal_expression hexadecimal_integer_literal if_statement
    integer_literal invokation_expression key_expression left_assignment_expression logical_argument_expression
    logical_expression member_access member_name merging_redirection_operator multiplicative_argument_expression
    multiplicative_expression named_block named_block_list param_block parameter_list parenthesized_expression
    path_command_name path_command_name_token pipeline pipeline_chain post_decrement_expression
    post_increment_expression pre_decrement_expression pre_increment_expression program range_argument_expression
    range_expression real_literal redirection redirections script_block script_block_body script_block_expression
    script_parameter script_parameter_default simple_name statement_block statement_list string_literal sub_expression
    try_statement type_identifier type_literal type_name type_spec unary_expression variable
    verbatim_here_string_characters verbatim_string_characters while_condition while_statement
    """
    )
)
WHY_NOT: Final = {
    "class_statement": "classes came with PowerShell 5.0",
    "enum_statement": "enumerations came with PowerShell 5.0",
    "invokation_foreach_expression": ".ForEach() and .Where() came with PowerShell 4.0",
    "pipeline_chain_tail": "&& and || came with PowerShell 7.0",
    "switch_statement": "switch compares texts by the rules of a language",
    "stop_parsing": "--% came with PowerShell 3.0",
    "verbatim_command_argument": "--% came with PowerShell 3.0",
    "parallel_statement": "workflows came with PowerShell 3.0",
    "sequence_statement": "workflows came with PowerShell 3.0",
    "inlinescript_statement": "workflows came with PowerShell 3.0",
    "file_redirection_operator": "nothing is written to a file",
    "format_operator": "-f writes numbers as a culture does",
}

_COMMON = "ErrorAction"
CMDLETS: Final = {
    name: frozenset({_COMMON, *parameters.split()})
    for name, parameters in {
        "Add-PSSnapin": "Name PassThru",
        "ForEach-Object": "Begin Process End",
        "Get-Command": "Name CommandType",
        "Get-ExecutionPolicy": "Scope",
        "Get-Module": "Name ListAvailable",
        "Get-PSSnapin": "Name Registered",
        "Get-Service": "Name",
        "Get-WSManInstance": "ResourceURI",
        "Get-WmiObject": "Class Namespace Property",
        "Import-Module": "Name PassThru DisableNameChecking",
        "Import-PSSession": "Session CommandName",
        "Invoke-Command": "Session ScriptBlock",
        "New-Object": "TypeName ArgumentList Property",
        "New-PSSession": "ConfigurationName ConnectionUri Authentication Credential",
        "Out-Null": "",
        "Out-String": "Stream Width",
        "Pop-Location": "",
        "Push-Location": "",
        "Remove-PSSession": "Session",
    }.items()
}
RUNS_TEXT: Final = frozenset({"invoke-expression", "iex", "add-type", "invoke-history"})
NAMED_BLOCKS: Final = frozenset({"begin", "process", "end"})

ATTRIBUTES: Final = frozenset({"Parameter", "CmdletBinding", "Alias"})
NEWER_VARIABLES: Final = frozenset(
    _words(
        """
    psitem pscommandpath psscriptroot psdefaultparametervalues psedition iscoreclr iswindows islinux ismacos switch
    """
    )
)
SCOPES: Final = frozenset({"env", "script", "global", "local"})

TYPES: Final = frozenset(
    _words(
        """
    Array BitConverter Collections.ArrayList Collections.Generic.Dictionary Collections.Hashtable
    Collections.IDictionary Collections.IEnumerable Collections.IList Collections.Queue Console Convert DBNull
    DateTime DateTimeKind Delegate Diagnostics.Process Diagnostics.ProcessStartInfo Diagnostics.Stopwatch
    DirectoryServices.DirectoryEntry Enum Environment Globalization.CultureInfo Globalization.NumberStyles
    Guid IFormattable IO.Compression.CompressionMode IO.Compression.DeflateStream IO.Directory IO.File IO.MemoryStream
    IO.Path IO.Stream IO.StringWriter
    Management.Automation.ActionPreferenceStopException Management.Automation.CmdletInfo
    Management.Automation.CmdletInvocationException Management.Automation.GetValueException
    Management.Automation.MethodInvocationException Management.Automation.ParentContainsErrorRecordException
    Management.Automation.PSArgumentException Management.Automation.PSCredential
    Management.Automation.PSCustomObject Management.Automation.RemoteException
    Management.Automation.Runspaces.Command Management.Automation.Runspaces.Runspace
    Management.Automation.RuntimeException Management.Automation.SwitchParameter Math Microsoft.Win32.Registry
    Net.NetworkInformation.IPGlobalProperties Object PSObject PlatformNotSupportedException ScriptBlock
    Security.Cryptography.SHA1 Security.Principal.IdentityReference Security.Principal.WindowsBuiltInRole
    Security.Principal.WindowsIdentity Security.Principal.WindowsPrincipal Security.SecureString StringComparer
    StringComparison Text.Encoding Text.StringBuilder Text.UTF8Encoding Threading.AbandonedMutexException
    Threading.Mutex Threading.Thread TimeSpan UnauthorizedAccessException bool byte char decimal double hashtable
    int int16 long object regex sbyte single string switch uint16 uint32 uint64 void
    """
    )
)
STATIC: Final = {
    "BitConverter": {"ToString": 3},
    "Console": {"Out": 0, "SetOut": 1},
    "Convert": {"FromBase64String": 1, "ToBase64String": 1, "ToInt32": 2},
    "DateTime": {"UtcNow": 0},
    "DateTimeKind": {"Utc": 0},
    "Diagnostics.Process": {"GetCurrentProcess": 0, "Start": 1},
    "Diagnostics.Stopwatch": {"Frequency": 0, "GetTimestamp": 0, "StartNew": 0},
    "Environment": {"CurrentDirectory": 0, "OSVersion": 0, "UserDomainName": 0, "UserName": 0, "Version": 0},
    "Globalization.CultureInfo": {"CurrentCulture": 0, "InvariantCulture": 0},
    "Globalization.NumberStyles": {"AllowLeadingSign": 0, "Float": 0},
    "IO.Compression.CompressionMode": {"Compress": 0},
    "IO.Directory": {"GetFiles": 2},
    "IO.File": {"Exists": 1, "ReadAllText": 1, "WriteAllText": 3},
    "IO.Path": {"Combine": 2, "GetDirectoryName": 1},  # Combine takes three only since .NET 4
    "Management.Automation.Runspaces.Runspace": {"DefaultRunspace": 0},
    "Math": {"Abs": 1, "Floor": 1, "Min": 2},
    "Microsoft.Win32.Registry": {"GetValue": 3},
    "Net.NetworkInformation.IPGlobalProperties": {"GetIPGlobalProperties": 0},
    "Security.Cryptography.SHA1": {"Create": 0},
    "Security.Principal.WindowsBuiltInRole": {"Administrator": 0},
    "Security.Principal.WindowsIdentity": {"GetCurrent": 0},
    "StringComparer": {"Ordinal": 0, "OrdinalIgnoreCase": 0},
    "StringComparison": {"Ordinal": 0, "OrdinalIgnoreCase": 0},
    "Text.Encoding": {"UTF8": 0, "ASCII": 0, "Unicode": 0},
    "Threading.Mutex": {"OpenExisting": 1},
    "Threading.Thread": {"CurrentThread": 0},
    "decimal": {"Parse": 3, "Truncate": 1},
    "double": {"Parse": 3},
    "regex": {"Unescape": 1},
    "string": {"Equals": 3, "Join": 2},
}
FEWEST_ARGUMENTS: Final = {"Convert.ToInt32": 2, "decimal.Parse": 3, "double.Parse": 3}
FOLLOWS_A_LANGUAGE: Final = frozenset({"IndexOf", "LastIndexOf", "StartsWith"})
MOST_ARGUMENTS: Final = {
    **dict.fromkeys(
        _words(
            """
        Close Clear CreateNestedPipeline Dequeue GetEnumerator GetType Flush Invoke Kill MakeReadOnly NextMatch
        ReadToEnd RefreshCache ReleaseMutex ToArray ToBool ToCharArray ToLowerInvariant ToUniversalTime Trim get_Value
        """
        ),
        0,
    ),
    **dict.fromkeys(
        _words(
            """
        Append AppendChar ComputeHash ContainsKey EndRead Enqueue Equals GetBytes IndexOfAny IsInRole IsMatch
        LastIndexOf Match Matches Remove Split WaitForExit WriteLine
        """
        ),
        1,
    ),
    **dict.fromkeys(_words("Add IndexOf MergeMyResults Replace StartsWith Substring ToString WaitOne"), 2),
    **dict.fromkeys(_words("GetString Write"), 3),
    "BeginRead": 5,
}
PROPERTIES: Final = frozenset(
    _words(
        """
    Activity Arguments AsyncWaitHandle AuthenticationType BaseObject BaseStream Category CategoryInfo Commands Count
    CreateNoWindow CurrentCulture CurrentUICulture DomainName Elapsed ElapsedMilliseconds ErrorRecord Exception ExitCode
    ExportedFunctions FileName FullName FullyQualifiedErrorId Groups HostName ImpersonationLevel Index InnerException
    Key Kind LanguageMode Length MainModule Major Message Minor ModuleName MyCommand Name PSObject PSSnapIn
    PSVersion Parameters Path Properties RedirectStandardError RedirectStandardInput RedirectStandardOutput
    SerializedRemoteException SessionState StandardError StandardInput StandardOutput Success TargetObject
    TotalMilliseconds TotalSeconds TypeNameOfValue TypeNames UseShellExecute Value Version
    """
    )
)
OF_PRODUCTS: Final = {
    **dict.fromkeys(_words("DistinguishedName IsUnlimited ObjectGuid UniversalTime"), "an Exchange object"),
    **dict.fromkeys(_words("CommandLine CreationDate ProcessId StartMode"), "a WMI object of a process or service"),
    **dict.fromkeys(_words("DependentServices Status"), "a service"),
    **dict.fromkeys(_words("MaxEnvelopeSizekb Winrs"), "the configuration of WS-Management"),
}
OF_PRODUCTS_CALLED: Final = {"ToBytes": "ByteQuantifiedSize of Exchange", "ConvertToDateTime": "a WMI object"}
