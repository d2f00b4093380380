"""Strings that try to be more than one argument: a table of known tricks, and as many more as wanted, from a seed.

The table has what RELIABILITY lists: quotes and dashes of every kind that PowerShell knows, expansions, line ends, NUL,
escapes of CLIXML, wildcards, filters, parameter names, look-alikes, directions of writing, halves of surrogate pairs.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

SINGLE_QUOTES = "'\u2018\u2019\u201a\u201b"
DOUBLE_QUOTES = '"\u201c\u201d\u201e'
DASHES = "-\u2013\u2014\u2015"
LINE_ENDS = ("\n", "\r", "\r\n", "\u0085", "\u2028", "\u2029")

TABLE: tuple[str, ...] = (
    *(f"x{quote}; Remove-UMDialPlan -Identity * -Confirm:$false; {quote}" for quote in SINGLE_QUOTES + DOUBLE_QUOTES),
    *(f"{dash}Confirm:$false" for dash in DASHES),
    *(f"{dash}Force" for dash in DASHES),
    *(f"{dash}{dash}" for dash in DASHES),
    *(f"x{end}exit 5{end}" for end in LINE_ENDS),
    "--%", "-", "--", "-?", "/?", "-Identity", "-Identity:x", "-ErrorAction", "@args", "@{Add='x'}", "@('x')",
    "@'", "'@",
    "$(whoami)", "$(exit 5)", "${env:Path}", "$env:Path", "$null", "$true", "$Reconciler.Nonce", "`n", "`", "``", "`$x",
    "{exit 5}", "(exit 5)", "[int]5", "[ScriptBlock]::Create('x')", "#", "<#", "#>", ";", "|", "&", "&&", "||",
    ">", "2>&1",
    "> out.txt", "%PATH%", "^", "!", "\\", "\\\\", "C:\\x\\", "\\\\host\\share",
    "\0", "a\0b", "\0\0", "\a\b\t\v\f", "\x1b[31m", "\x7f", "\x80\x9b", "\ufeff", "\ufffe", "\uffff", "\ufffd",
    "_x000A_", "_x0027_", "_x005F_x000A_", "_xD800_", "]]>", "&lt;", "&#10;", '<S N="a">', "<Obj RefId='0'/>",
    "*", "?", "[a-z]", "*)(objectClass=*", "(&(a=b))", "' -or 1 -eq 1", "' -or '1' -eq '1", "\\2a",
    "\ud800", "\udfff", "\ud800\ud800", "\udc00\ud800", "a\ud83d", "\U0001f600", "\U0010ffff", "e\u0301", "\u00e9",
    "\u202eevil\u202c", "\u2066x\u2069", "\u200b", "\u00ad", "Set\u00adThing", "\uff3c", "\uff04(x)",
    "\u037e", "\uff02",
    "ADMIN", "admin", "\u0130", "\u0131", "i", "I", "\u00df", "SS", "\u0430dmin", "\u30ab", "\uff76",
    "", " ", "  ", " x", "x ", "x.", "\u00a0", "\u3000x\u3000", "0", "007", "0x10", "1e3", "1,5", "1.5",
    "NaN", "Infinity",
    "true", "false", "null", "{}", "[]", '{"$secure":"x"}', '{"$add":["x"]}', "$secure", "$add", '"', '\\"', "\\u0041",
    "BADLINE", "READY", "0123456789abcdef 4 00000000 AAAA", ".", "\n.\n", "ping", "Unlimited", "System.Object[]",
)  # fmt: skip

_PIECES: tuple[str, ...] = (
    *SINGLE_QUOTES, *DOUBLE_QUOTES, *DASHES, *LINE_ENDS, *"$`(){}[]@#;|&<>%!^~,.:=+*?\\/ ", "\0", "\x1b",
    "\ufeff", "\uffff",
    "$(", "@(", "@{", "${", "`n", "_x000A_", "-Force", "--%", "\ud800", "\udfff", "\U0001f600", "\u202e", "\u00ad",
    "a", "Z", "0",
)  # fmt: skip


def hostile_strings(count: int, seed: int) -> Iterator[str]:
    """Yield ``count`` strings: the table first, then such as have pieces of it and characters of everywhere."""
    yield from TABLE[:count]
    dice = random.Random(seed)
    for _ in range(count - len(TABLE)):
        yield "".join(_piece(dice) for _ in range(dice.randint(1, 8)))


def _piece(dice: random.Random) -> str:
    if dice.random() < 0.7:
        return dice.choice(_PIECES)
    return chr(dice.choice((dice.randrange(0x100), dice.randrange(0x10000), dice.randrange(0x110000))))
