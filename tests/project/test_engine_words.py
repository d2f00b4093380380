"""The engine knows no word of the products: the providers declare them, with their texts.

Read are names and texts of the code. Docstrings may give examples: they are prose.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.support.paths import ROOT

WORDS = re.compile(
    r"exchange(?!s\b)|lync|skype|unified.?messaging|(?<![a-z])um(?![a-z0-9])|exchucutil|front.?end|mailbox|gateway|outcall"
    r"|dial.?plan|hunt.?group|attendant|domain.?controller|rtcsrv|voice.?mail",
    re.IGNORECASE,
)
ALLOWED = {
    # The endpoint that saved plans leave out: a part of their form.
    ("reconciler/model/commands.py", "exchange"),
    # A key of saved plans before there was a codec.
    ("reconciler/plan/saved_before.py", "domain_controller"),
    # Two rows exchange their values: the verb.
    ("reconciler/plan/exchanges.py", "_Exchange"),
}


def words(tree: ast.AST) -> Iterator[str]:
    """Yield the names and the texts in a module, except its docstrings and the docs of attributes."""
    prose = {id(one.value) for one in ast.walk(tree) if isinstance(one, ast.Expr)}
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if id(node) not in prose:
                yield text
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.keyword(arg=str(name)):
                yield name
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.alias(name=name):
                yield name
            case ast.ImportFrom(module=str(name)):
                yield name


def found(source: str) -> set[str]:
    return {word for word in words(ast.parse(source)) if WORDS.search(word)}


def test_the_engine_has_no_word_of_the_products() -> None:
    files = sorted((ROOT / "reconciler").rglob("*.py"))
    assert len(files) > 80
    places = {(path.relative_to(ROOT).as_posix(), word) for path in files for word in found(path.read_text("utf-8"))}
    assert places == ALLOWED


def test_words_are_found_in_names_and_texts_and_not_in_prose() -> None:
    source = 'class DialPlan:\n    """Of Lync."""\n    um_mode = f"{x} of Exchange"\n\ndef front_ends(gateway): ...\n'
    assert found(source) == {"DialPlan", "um_mode", " of Exchange", "front_ends", "gateway"}
    assert found("import providers.lync\nx.mailbox(voice_mail=1)\nvolume = 'summary'\n") == {
        "providers.lync",
        "mailbox",
        "voice_mail",
    }
