"""What is known of a value in our scripts without its type: is it a number, which rules does a comparison follow.

A comparison converts its right side to the kind of the left one, so that the left side decides: with a text there,
``$name -eq 1`` compares two texts by the rules of a language. A variable is a number where everything that its function
ever gives it is one; what comes from elsewhere is taken for a text. A table made by ``@{}`` compares its keys by the
rules of a language as well: it may be asked for keys that are written out, and for no others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tree_sitter import Node

_NUMBER = re.compile(r"\(*-?(?:0x[0-9a-f]+|[0-9]+(?:\.[0-9]+)?)(?:[kmgt]b)?\)*\Z", re.IGNORECASE)
_CERTAIN = re.compile(r"\$(?:null|true|false)\Z|\[DateTimeKind\]::\w+\Z", re.IGNORECASE)
_NUMERIC = re.compile(r"\[(?:int|long|double|decimal|bool|switch)\]", re.IGNORECASE)
_COUNTS = frozenset({"Count", "Length", "Index", "Major", "Minor", "ElapsedMilliseconds", "TotalSeconds"})
_COUNTING = frozenset({"EndRead", "IndexOf", "IndexOfAny", "LastIndexOf", "Read"})
_NUMERIC_TYPES = re.compile(r"\[(?:Math|decimal|double)\]::", re.IGNORECASE)
_ORDINAL = re.compile(r"\[StringComparison\]::Ordinal(?:IgnoreCase)?\Z")
_CHARACTER = re.compile(r"\[char\]", re.IGNORECASE)
_LITERAL_KEY = re.compile(r"'[^']*'\Z")


@dataclass(slots=True)
class Values:
    """What each function gives its variables; ``numbers`` are known to be numbers besides."""

    numbers: frozenset[str] = frozenset()
    _given: dict[int, Mapping[str, Sequence[Node]]] = field(default_factory=dict)

    def is_number(self, node: Node, seen: frozenset[str] = frozenset()) -> bool:
        """True for what is certainly no text: a number, a truth value, ``$null`` or a kind of time."""
        node = _innermost(node)
        text = text_of(node)
        if _NUMBER.match(text) or _CERTAIN.match(text) or text in self.numbers:
            return True
        match node.type:
            case "cast_expression":
                return bool(_NUMERIC.match(text))
            case "comparison_expression" | "logical_expression" | "multiplicative_expression":
                return True
            case "expression_with_unary_operator":
                return text_of(node.children[0]) == "-"
            case "additive_expression":
                return text_of(node.children[1]) == "-" or self.is_number(node.children[0], seen)
            case "member_access":
                return member_of(node) in _COUNTS
            case "invokation_expression":
                return member_of(node) in _COUNTING or bool(_NUMERIC_TYPES.match(text))
            case "variable" if text.lower() not in seen:
                given = self.given_to(node)
                return bool(given) and all(
                    _is_typed(one) or self.is_number(one, seen | {text.lower()}) for one in given
                )
        return False

    def is_ordinal(self, arguments: Sequence[Node]) -> bool:
        """True where one of ``arguments`` makes a search ordinal: a character, or the comparison itself."""
        return any(_CHARACTER.match(text_of(one)) or self.is_comparison(one) for one in arguments)

    def is_comparison(self, argument: Node) -> bool:
        node = _innermost(argument)
        given = self.given_to(node) if node.type == "variable" else [node]
        return bool(given) and all(_ORDINAL.match(text_of(one)) for one in given)

    def asks_a_literal_table(self, table: Node, key: Node) -> bool:
        """True where a table that ``@{}`` made is asked for a key that is not written out."""
        if table.type != "variable" or _LITERAL_KEY.match(text_of(key)):
            return False
        return any(_innermost(one).type == "hash_literal_expression" for one in self.given_to(table))

    def given_to(self, variable: Node) -> Sequence[Node]:
        """Return what the function around ``variable`` gives it: values, its parameter, its ``foreach``."""
        scope = _scope(variable)
        if scope.id not in self._given:
            found: dict[str, list[Node]] = {}
            for name, value in _assignments(scope):
                found.setdefault(name.lower(), []).append(value)
            self._given[scope.id] = found
        return self._given[scope.id].get(text_of(variable).lower(), ())


def text_of(node: Node) -> str:
    return (node.text or b"").decode().strip()


def member_of(node: Node) -> str:
    return next((text_of(child) for child in node.children if child.type == "member_name"), "")


def arguments_of(call: Node) -> list[Node]:
    lists = [child for child in call.children if child.type == "argument_list"]
    parts = [child for one in lists for child in one.children if child.type == "argument_expression_list"]
    return [child for one in parts for child in one.children if child.type == "argument_expression"]


def _innermost(node: Node) -> Node:
    while True:
        named = node.named_children if node.type == "parenthesized_expression" else node.children
        if len(named) != 1 or node.type in ("string_literal", "integer_literal"):
            return node
        node = named[0]


def _is_typed(node: Node) -> bool:
    return node.type == "script_parameter" and bool(_NUMERIC.match(text_of(node)))


def _scope(node: Node) -> Node:
    while node.parent is not None and node.type != "function_statement":
        node = node.parent
    return node


def _assignments(scope: Node) -> Iterator[tuple[str, Node]]:
    for child in scope.children:
        if child.type == "function_statement":
            continue
        if child.type == "assignment_expression":
            yield text_of(child.children[0]), child.children[-1]
        elif child.type in ("script_parameter", "foreach_statement"):
            name = next(one for one in child.children if one.type == "variable")
            yield text_of(name), child
        yield from _assignments(child)
