"""Refuses what our scripts may not hold: anything newer than PowerShell 2.0, and any text that could decide or run.

The scripts run on servers as old as 2008 R2, where nothing but this check has ever read them. So it denies by default:
a kind of syntax, a cmdlet or one of its parameters, a type, a static member, a method or a property that
``powershell_2`` does not name is refused. Beside that it refuses

* every comparison whose left side may be a text: ``-eq`` and its kin hold look-alikes for equal then, and
  ``-contains``, ``-like``, ``-match``, ``-replace``, ``-split``, ``-in`` and ``switch`` always work on texts;
* what follows a language or a culture unasked: ``StartsWith`` and ``IndexOf`` of a text without an ordinal comparison,
  a table of ``@{}`` asked for a key that is not written out, a pattern that ignores case, numbers and times written
  or read without a culture;
* members that are chosen by a variable;
* everything that makes a script of text, and every ``&``, ``.`` and ``Command`` of a variable that is not on the
  caller's list;
* a function that is declared twice, since the later one replaces the other everywhere.

What is inside an ``if`` that asks for the version, for a command or for a parameter may use newer cmdlets, types and
members; newer syntax may stand nowhere, because PowerShell 2.0 reads a script whole before it runs any of it.

What it cannot see: the type of a variable, so that a member counts as known wherever it stands, and the members that
PowerShell 3.0 and later read from the elements of a list. The grammar reads some one-line forms wrongly, and such a
line is refused; the engine's own parser has the last word on syntax, in ``test_runner_dialect``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

from tests.support import powershell_2 as known
from tests.support.powershell_values import Values, arguments_of
from tests.support.powershell_values import text_of as _text

_LANGUAGE = Language(tree_sitter_powershell.language())
_COMPARES_TEXT = re.compile(r"-[ci]?(?:not)?(?:like|match|contains|in)\Z|-[ci]?(?:replace|split|join)\Z", re.IGNORECASE)
_COMPARES = re.compile(r"-[ci]?(?:eq|ne|lt|le|gt|ge)\Z", re.IGNORECASE)
_OF_TYPES = re.compile(r"-(?:is|isnot|as)\Z", re.IGNORECASE)
_GUARD = re.compile(r"\$PSVersionTable\b|\bGet-Command\b|\.Parameters\.ContainsKey\(", re.IGNORECASE)
_UNARY = frozenset({"-not", "!", "-", "+", ",", "-bnot"})
_NEWER_ESCAPE = re.compile(r"(?<!`)(?:``)*`[eu]")
_INTEGER = re.compile(r"[0-9]+(?:[dl])?(?:[kmgtp]b)?\Z", re.IGNORECASE)
_MEMBERS = frozenset(  # a method stands as a property where the grammar takes its call for an argument
    {*known.PROPERTIES, *known.OF_PRODUCTS, *known.MOST_ARGUMENTS, *known.OF_PRODUCTS_CALLED}
)
_FUNCTION = re.compile(r"^\s*function\s+([\w-]+)", re.IGNORECASE | re.MULTILINE)
_IGNORES_CASE = re.compile(r"\(\?[a-z]*i")
_TABLE = re.compile(r"^ {4}(\w+) = ([0-9]+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, order=True)
class Refusal:
    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


def refusals(
    script: str,
    *,
    invoked: Mapping[str, str] | None = None,
    functions: Iterable[str] = (),
    makes_its_script: bool = False,
    tables: Iterable[str] = ("$Reconciler",),
) -> list[Refusal]:
    """Return what ``script`` may not hold, in the order of its lines.

    ``invoked`` names the variables that may stand after ``&`` or ``.``, each with the reason why it holds no data;
    ``functions`` are defined elsewhere; ``makes_its_script`` permits one ``[ScriptBlock]::Create``; ``tables``
    are of the script's own, and their keys are their members.
    """
    tree = Parser(_LANGUAGE).parse(script.encode())
    check = _Check(
        script, dict(invoked or {}), makes_its_script, frozenset(tables), frozenset(map(str.lower, functions))
    )
    return sorted(set(check.visit(tree.root_node, guarded=False)))


_LITERAL_TABLE = "the keys of a table made by @{} are compared by the rules of a language"


def statements(script: str) -> list[str]:
    """Return the kinds of the statements that run when ``script`` is read, in their order."""
    tree = Parser(_LANGUAGE).parse(script.encode())
    lists = [child for child in tree.root_node.children if child.type == "statement_list"]
    return [one.type for each in lists for one in each.named_children if one.type != "comment"]


_RULES = {
    "command": "_command",
    "function_statement": "_function",
    "comparison_expression": "_comparison",
    "comparison_argument_expression": "_comparison",
    "logical_expression": "_logical",
    "expression_with_unary_operator": "_unary",
    "format_expression": "_format",
    "format_argument_expression": "_format",
    "member_access": "_member",
    "invokation_expression": "_member",
    "type_spec": "_type",
    "attribute": "_attribute",
    "variable": "_variable",
    "redirection": "_redirection",
    "expandable_string_literal": "_escapes",
    "decimal_integer_literal": "_integer",
    "element_access": "_element",
    "string_literal": "_pattern",
}


@dataclass(slots=True)
class _Check:
    script: str
    invoked: Mapping[str, str]
    makes_its_script: bool
    tables: frozenset[str]
    functions: frozenset[str] = frozenset()
    values: Values = field(default_factory=Values)
    scripts_made: int = 0
    declared: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.functions |= frozenset(name.lower() for name in _FUNCTION.findall(self.script))
        self.values = Values(
            frozenset(f"{table}.{name}" for table in self.tables for name, _ in _TABLE.findall(self.script))
        )

    def visit(self, node: Node, guarded: bool) -> Iterator[Refusal]:
        if node.type == "ERROR" or node.is_missing:
            yield Refusal(_line(node), f"no syntax of PowerShell 2.0, or none the grammar reads: {_text(node)[:40]!r}")
            return
        if node.is_named and node.type not in known.SYNTAX:
            yield Refusal(_line(node), known.WHY_NOT.get(node.type, f"{node.type} is not among the syntax of 2.0"))
        rule = _RULES.get(node.type)
        if rule is not None:
            for reason in getattr(self, rule)(node, guarded):
                yield Refusal(_line(node), reason)
        inside = guarded
        for child in node.children:
            if node.type in ("if_statement", "elseif_clause") and child.type == "pipeline":
                inside = guarded or bool(_GUARD.search(_text(child)))
            is_else = child.type in ("else_clause", "elseif_clauses")
            yield from self.visit(child, guarded if is_else else inside)

    def _function(self, node: Node, guarded: bool) -> Iterator[str]:
        name = next(_text(child) for child in node.children if child.type == "function_name")
        if name.lower() in self.declared:
            yield f"the function {name} is declared a second time, and replaces the first"
        self.declared.add(name.lower())

    # --- commands ----------------------------------------------------------------------------------------------------

    def _command(self, node: Node, guarded: bool) -> Iterator[str]:
        name_node = node.child_by_field_name("command_name")
        name = _text(name_node) if name_node is not None else ""
        if any(child.type == "command_invokation_operator" for child in node.children):
            yield from self._called(node, name)
            return
        if name.lower() in known.RUNS_TEXT:
            yield f"{name} runs a text"
        elif name.lower() in self.functions or name in known.NAMED_BLOCKS:
            return
        elif name not in known.CMDLETS:
            if not guarded:
                yield f"{name} is not among the cmdlets of 2.0 that are used here"
        else:
            yield from self._parameters(node, name, guarded)

    def _called(self, node: Node, name: str) -> Iterator[str]:
        first = name or _text(node.children[1])[:60]
        if re.fullmatch(r"\$\w+", first):
            if first not in self.invoked:
                yield f"{first} is called, and nothing says that it holds no data"
        elif first.lower() not in self.functions and not (
            self.makes_its_script and re.match(r"\(\[ScriptBlock\]::Create\(", first)
        ):
            yield f"{first} is called: neither a function nor a known variable"

    def _parameters(self, node: Node, name: str, guarded: bool) -> Iterator[str]:
        elements = [child for part in node.children if part.type == "command_elements" for child in part.children]
        for element in elements:
            parameter = _text(element).lstrip("-").rstrip(":")
            if element.type == "command_parameter" and parameter not in known.CMDLETS[name] and not guarded:
                yield f"-{parameter} of {name} is not among the parameters of 2.0 that are used here"
        given = [_text(child) for child in elements if child.type not in ("command_argument_sep", "command_parameter")]
        if name == "ForEach-Object" and not (given and given[0].startswith("{")):
            yield "ForEach-Object without a script block came with PowerShell 3.0"
        if name == "New-Object":
            yield from self._made(given, guarded)

    def _made(self, given: list[str], guarded: bool) -> Iterator[str]:
        type_name = given[0].strip("'") if given else ""
        if not re.fullmatch(r"[A-Za-z][\w.]*(?:\[[\w.,]*\])?", type_name):
            yield "New-Object of a type that is not written out"
            return
        if type_name.lower() == "regex":
            yield "a pattern is made by [regex], which ignores no case"
        if _plain_type(type_name) == "Management.Automation.Runspaces.Command":
            what, _, rest = " ".join(given[1:]).partition(",")
            if not rest.strip().startswith("$false"):
                yield "a Command whose second argument is not $false runs a text"
            elif not re.fullmatch("'[^']*'", what) and what not in self.invoked:
                yield f"{what} is called, and nothing says that it holds no data"
        if not guarded:
            for one in re.split(r"[\[\],]", type_name):
                yield from _unknown_type(one)

    # --- members and types -------------------------------------------------------------------------------------------

    def _member(self, node: Node, guarded: bool) -> Iterator[str]:
        name_node = next((child for child in node.children if child.type == "member_name"), None)
        if name_node is None or _text(name_node).startswith("$"):
            yield "the member is chosen by a variable"
            return
        name, owner = _text(name_node), node.children[0]
        is_call = node.type == "invokation_expression"
        given = arguments_of(node) if is_call else []
        if any(_text(child) == "::" for child in node.children):
            yield from self._static(owner, name, given, guarded)
        elif is_call:
            yield from _called_member(name, len(given), guarded)
            yield from self._unasked(node, name)
        elif _text(owner) not in self.tables and not guarded and name not in _MEMBERS:
            yield f".{name} is not among the properties of .NET 2.0 that are used here"

    def _static(self, owner: Node, name: str, given: list[Node], guarded: bool) -> Iterator[str]:
        type_name = _plain_type(_text(owner).strip("[]"))
        if type_name.lower() == "scriptblock" and name.lower() == "create":
            self.scripts_made += 1
            if not self.makes_its_script or self.scripts_made > 1:
                yield "[ScriptBlock]::Create makes a script of text"
            return
        most = known.STATIC.get(type_name, {}).get(name)
        if most is None:
            if not guarded:
                yield f"[{type_name}]::{name} is not among the static members of .NET 2.0 that are used here"
        elif len(given) > most:
            yield f"[{type_name}]::{name} takes at most {most} arguments in .NET 2.0"
        elif len(given) < known.FEWEST_ARGUMENTS.get(f"{type_name}.{name}", 0):
            yield f"[{type_name}]::{name} reads as a culture writes"
        elif name == "Equals" and len(given) == most and not self.values.is_comparison(given[-1]):
            yield f"[{type_name}]::{name} follows a comparison that is not written out as an ordinal one"

    def _unasked(self, call: Node, name: str) -> Iterator[str]:
        """What follows a language or a culture without a word."""
        given = arguments_of(call)
        if name in known.FOLLOWS_A_LANGUAGE and not self.values.is_ordinal(given):
            yield f".{name}() of a text follows a language unless its comparison is ordinal"
        if name == "ContainsKey" and self.values.asks_a_literal_table(call.children[0], given[0]):
            yield _LITERAL_TABLE
        if name == "ToString" and len(given) == 1 and _text(given[0]).startswith("'") and _text(given[0]) != "'d'":
            yield f".ToString({_text(given[0])}) writes as a culture does"

    def _element(self, node: Node, guarded: bool) -> Iterator[str]:
        table, *_, key = (child for child in node.children if child.is_named)
        if self.values.asks_a_literal_table(table, key):
            yield _LITERAL_TABLE

    def _pattern(self, node: Node, guarded: bool) -> Iterator[str]:
        if _IGNORES_CASE.search(_text(node)):
            yield "a pattern that ignores case follows a language"

    def _type(self, node: Node, guarded: bool) -> Iterator[str]:
        if not guarded:
            for one in re.split(r"[\[\],\s]+", _text(node)):
                if one not in known.ATTRIBUTES:
                    yield from _unknown_type(one)

    def _attribute(self, node: Node, guarded: bool) -> Iterator[str]:
        name = next((_text(child) for child in node.children if child.type == "attribute_name"), None)
        if name is not None and name not in known.ATTRIBUTES and _plain_type(name) not in known.TYPES:
            yield f"[{name}()] is not among the attributes of 2.0 that are used here"
        for argument in _all(node, "attribute_argument"):
            if name == "Parameter" and "=" not in _text(argument):
                yield f"{_text(argument)} without a value came with PowerShell 3.0"

    def _variable(self, node: Node, guarded: bool) -> Iterator[str]:
        name = _text(node).lstrip("$@").strip("{}")
        scope, colon, rest = name.partition(":")
        if colon and scope.lower() not in known.SCOPES:
            yield f"the scope or drive {scope}: is not among those of 2.0 that are used here"
        if (rest or name).lower() in known.NEWER_VARIABLES and not guarded:
            yield f"${name} is not a variable of PowerShell 2.0"

    # --- operators ---------------------------------------------------------------------------------------------------

    def _comparison(self, node: Node, guarded: bool) -> Iterator[str]:
        for index, child in enumerate(node.children):
            if child.type != "comparison_operator":
                continue
            operator = _text(child)
            if _COMPARES_TEXT.match(operator):
                yield f"{operator} works on texts by the rules of a language"
            elif _COMPARES.match(operator):
                if not self.values.is_number(node.children[index - 1]):
                    yield f"{operator} of a value that may be a text"
            elif not _OF_TYPES.match(operator):
                yield f"{operator} is not an operator of PowerShell 2.0"

    def _unary(self, node: Node, guarded: bool) -> Iterator[str]:
        first = node.children[0]
        if first.type != "cast_expression" and not first.is_named and _text(first).lower() not in _UNARY:
            yield f"{_text(first)} before a value is not among the operators used here"

    def _logical(self, node: Node, guarded: bool) -> Iterator[str]:
        for child in node.children:
            if not child.is_named and _text(child).lower() not in ("-and", "-or", "-xor"):
                yield f"{_text(child)} is not among the operators used here"

    def _format(self, node: Node, guarded: bool) -> Iterator[str]:
        if len(node.children) > 1:
            yield known.WHY_NOT["format_operator"]

    def _redirection(self, node: Node, guarded: bool) -> Iterator[str]:
        if _text(node) != "2>&1":
            yield f"the redirection {_text(node)} is not among those used here"

    def _escapes(self, node: Node, guarded: bool) -> Iterator[str]:
        if _NEWER_ESCAPE.search(_text(node)):
            yield "`e and `u came with PowerShell 6.0"

    def _integer(self, node: Node, guarded: bool) -> Iterator[str]:
        if not _INTEGER.match(_text(node)):
            yield f"{_text(node)} is not a number of PowerShell 2.0"


def _called_member(name: str, arguments: int, guarded: bool) -> Iterator[str]:
    most = 0 if name in known.OF_PRODUCTS_CALLED else known.MOST_ARGUMENTS.get(name)
    if name == "ConvertToDateTime":
        most = 1
    if most is None:
        if not guarded:
            yield f".{name}() is not among the methods of .NET 2.0 that are used here"
    elif arguments > most:
        yield f".{name}() takes at most {most} arguments in .NET 2.0"


def _unknown_type(name: str) -> Iterator[str]:
    if name and _plain_type(name) not in known.TYPES:
        yield f"[{name}] is not among the types of PowerShell 2.0 and .NET 2.0 that are used here"


def _plain_type(name: str) -> str:
    return name.strip().removeprefix("System.")


def _all(node: Node, kind: str) -> Iterator[Node]:
    for child in node.children:
        if child.type == kind:
            yield child
        yield from _all(child, kind)


def _line(node: Node) -> int:
    return node.start_point.row + 1
