"""Values in the XML that PowerShell's own serialiser reads: its shortest form, on one line, for plain values."""

from __future__ import annotations

import re
from collections.abc import Mapping

_ESCAPED = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]|_(?=[xX][0-9A-Fa-f]{4}_)")
_MARKUP = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def dumps(value: object) -> str:
    """Return ``value`` (null, text, Boolean, number, list, mapping) as the document that Deserialize takes.

    Raises:
        TypeError: the value is of another kind.
    """
    return f'<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">{_element(value)}</Objs>'


def _element(value: object) -> str:
    match value:
        case None:
            return "<Nil />"
        case bool():
            return f"<B>{str(value).lower()}</B>"
        case int():
            return f"<I32>{value}</I32>" if -(2**31) <= value < 2**31 else f"<I64>{value}</I64>"
        case float():
            return f"<Db>{value!r}</Db>"
        case str():
            return f"<S>{_text(value)}</S>"
        case list() | tuple():
            return f"<Obj><LST>{''.join(map(_element, value))}</LST></Obj>"
        case Mapping():
            pairs = "".join(
                f'<En><S N="Key">{_text(str(key))}</S>{_named(item, "Value")}</En>' for key, item in value.items()
            )
            return f"<Obj><DCT>{pairs}</DCT></Obj>"
        case _:
            raise TypeError(f"{type(value).__name__} has no form here")


def _named(value: object, name: str) -> str:
    start, mark, rest = _element(value).partition(" />") if value is None else _element(value).partition(">")
    return f'{start} N="{name}"{mark}{rest}'


def _text(text: str) -> str:
    return _ESCAPED.sub(lambda found: f"_x{ord(found[0]):04X}_", text).translate(_MARKUP)
