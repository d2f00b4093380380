"""The YAML reader keeps what is written, says where it stands, and survives whoever wrote it."""

import json
import string
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconciler.config.yaml_reader import Node, Tree, YamlBudget, read_yaml
from reconciler.model.diagnostics import Diagnostic
from tests.support.paths import ROOT

SAMPLE = """\
environment: contoso
connections:
  exchange: {host: ex1.contoso.com, "auth": kerberos}
dial_plans:
  Redmond:
    country_code: "1"
    access_numbers: ["+14255550100", '+14255550101']
    notes: |
      two
      lines
mailboxes:
- identity: alice@contoso.com
  extension: 0042
-
  identity: zoë@contoso.com # é
  extension: ~
"""


def read(text: str | bytes, budget: YamlBudget | None = None) -> Node:
    """Return the tree of a text that has no mistakes."""
    root, found = read_yaml("a.yaml", text.encode() if isinstance(text, str) else text, budget)
    assert found == ()
    assert root is not None
    return root


def mistakes(text: str | bytes) -> tuple[Diagnostic, ...]:
    return read_yaml("a.yaml", text.encode() if isinstance(text, str) else text)[1]


# --- values ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [
        "0042",
        "0123",
        "12:30",
        "1_000",
        "NO",
        "yes",
        "2024-01-01",
        "1e3",
        ".inf",
        ".nan",
        "0x1F",
        "+1",
        "true",
        "=",
        "9" * 5000,
    ],
)
def test_scalar_is_the_text_as_written(written: str) -> None:
    assert read(f"x: {written}").value == {"x": written}


@pytest.mark.parametrize("written", ["", "~", "null", "Null", "NULL"])
def test_plain_null_is_none(written: str) -> None:
    assert read(f"x: {written}").value == {"x": None}


@pytest.mark.parametrize("written", ["''", '"~"', "'null'"])
def test_quoted_null_is_text(written: str) -> None:
    assert read(f"x: {written}").value == {"x": written[1:-1]}


@given(st.text(alphabet=string.digits, min_size=1, max_size=30))
def test_numbers_never_change_digits(digits: str) -> None:
    assert read(f"- {digits}\n- {{extension: {digits}}}").value == [digits, {"extension": digits}]


PRINTABLE = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=12)


def trees() -> st.SearchStrategy[Tree]:
    keys = PRINTABLE.filter(lambda key: key != "<<")
    return st.recursive(
        PRINTABLE | st.none(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
        max_leaves=20,
    )


@given(trees(), st.booleans(), st.sampled_from([None, '"', "'"]))
def test_what_yaml_writes_is_read_back(tree: Tree, is_flow: bool, style: str | None) -> None:
    text = yaml.safe_dump(tree, allow_unicode=True, default_flow_style=is_flow, default_style=style, sort_keys=False)
    # With a style for all scalars, PyYAML marks a null by a tag, which is refused.
    if "!!null" not in text:
        assert read(text).value == tree


def test_empty_file_has_no_value() -> None:
    assert [read(text).value for text in ("", "# nothing\n", "---\n", "\ufeff")] == [None] * 4


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_line_ends_make_no_difference(line_end: str) -> None:
    text = SAMPLE.replace("\n", line_end)
    assert read(text).value == read(SAMPLE).value
    assert str(read(text).position(("mailboxes", 1, "extension"))) == "a.yaml:16:14"


def test_byte_order_mark_is_no_part_of_the_first_key() -> None:
    root = read(b"\xef\xbb\xbf" + SAMPLE.encode())
    assert isinstance(root.value, dict)
    assert root.value["environment"] == "contoso"
    assert str(root.position(("environment",))) == "a.yaml:1:14"


# --- places ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "on_key", "place"),
    [
        ((), False, "1:1"),
        (("environment",), False, "1:14"),
        (("environment",), True, "1:1"),
        (("connections", "exchange"), False, "3:13"),
        (("connections", "exchange", "auth"), True, "3:37"),
        (("dial_plans", "Redmond", "access_numbers", 1), False, "7:38"),
        (("dial_plans", "Redmond", "notes"), False, "8:12"),
        (("mailboxes", 0), False, "12:3"),
        (("mailboxes", 1, "identity"), False, "15:13"),
        (("mailboxes", 1, "extension"), False, "16:14"),
    ],
)
def test_position_is_that_of_the_path(path: tuple[str | int, ...], on_key: bool, place: str) -> None:
    assert str(read(SAMPLE).position(path, on_key=on_key)) == f"a.yaml:{place}"


@pytest.mark.parametrize(
    "path", [("dial_plans", "Redmond", "site"), ("dial_plans", "Redmond", 3), ("dial_plans", "Redmond")]
)
def test_position_of_an_unknown_path_is_the_nearest_known(path: tuple[str | int, ...]) -> None:
    assert str(read(SAMPLE).position(path)) == "a.yaml:6:5"


@given(trees())
def test_every_value_is_found_where_its_position_says(tree: Tree) -> None:
    text = json.dumps(tree, ensure_ascii=False, indent=1)
    lines = text.split("\n")
    for node in _scalars(read(text)):
        position = node.position()
        assert lines[position.line - 1][position.column - 1 :].startswith(json.dumps(node.value, ensure_ascii=False))


def _scalars(node: Node) -> list[Node]:
    inner = [*(child for _, child in node.items()), *node.elements()]
    return [node] if not isinstance(node.value, dict | list) else [leaf for child in inner for leaf in _scalars(child)]


# --- mistakes --------------------------------------------------------------------------------------------------------


def test_several_mistakes_are_reported_at_once() -> None:
    found = mistakes("a: &x 1\nb: *x\na: 2\n<<: {c: 1}\nd: !!int 3\n[e]: 1\n")
    assert [one.summary for one in found] == [
        "Anchor",
        "Alias",
        "Duplicate key",
        "Merge key",
        "Tag",
        "Invalid key",
    ]
    assert [one.position.line for one in found if one.position] == [1, 2, 3, 4, 5, 6]


def test_mistakes_before_broken_syntax_are_reported_with_it() -> None:
    assert [one.summary for one in mistakes("a: 1\na: 2\nb: [")] == ["Duplicate key", "Invalid YAML"]


def test_duplicate_key_keeps_the_rest_of_the_tree() -> None:
    root, found = read_yaml("a.yaml", b"a: 1\na: {x: [1, 2]}\nb: 3\n")
    assert len(found) == 1
    assert root is not None
    assert root.value == {"a": "1", "b": "3"}
    assert str(root.position(("b",))) == "a.yaml:3:4"


def test_merge_key_in_quotes_is_a_plain_key() -> None:
    assert read('"<<": 1').value == {"<<": "1"}


@pytest.mark.parametrize(
    ("within", "beyond", "budget", "summary"),
    [
        ("a: bc", "a: bcd", YamlBudget(max_bytes=5), "File too large"),
        ("[[a]]", "[[[a]]]", YamlBudget(max_depth=2), "Nested too deeply"),
        ("[a, b]", "[a, b, c]", YamlBudget(max_nodes=3), "File too large"),
        ("ab: 1", "abc: 1", YamlBudget(max_key_length=2), "Key too long"),
        ("a: bc", "a: bcd", YamlBudget(max_scalar_length=2), "Value too long"),
    ],
)
def test_budget_ends_where_it_says(within: str, beyond: str, budget: YamlBudget, summary: str) -> None:
    read(within, budget)
    assert [one.summary for one in read_yaml("a.yaml", beyond.encode(), budget)[1]] == [summary]


def test_many_mistakes_are_reported_up_to_a_limit() -> None:
    found = mistakes("- &a x\n" * 150)
    assert len(found) == 101
    assert found[-1].detail == "a.yaml has 50 more errors."


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    root, found = read_yaml("a.yaml", content)
    assert root is not None or found


@given(st.text(alphabet="ab:-?[]{},&*!|>'\"%@`#~ \n\t<\\", max_size=60))
def test_any_punctuation_is_read_or_refused(text: str) -> None:
    root, found = read_yaml("a.yaml", text.encode())
    assert root is not None or found
    for diagnostic in found:
        assert diagnostic.position is not None
        assert diagnostic.remedy


@pytest.mark.parametrize("encode", [str.encode, lambda text: text.replace("\n", "\r\n").encode()])
def test_truncation_anywhere_never_fails(encode: Any) -> None:
    content = encode(SAMPLE)
    for length in range(len(content)):
        root, found = read_yaml("a.yaml", content[:length])
        assert root is not None or found


# --- attacks ---------------------------------------------------------------------------------------------------------

LIMIT = 8 * 1024 * 1024 - 16
RATIO = 8.0
"""How much longer than an honest file of 5,000 rows an attack may take: 1 s where these take 0.13 s."""
MEGABYTES = 256


def attacks() -> Iterator[tuple[str, bytes]]:
    """Yield files that crash, hang or deceive plain loaders, each as large as is read at all."""
    big = {
        "sequences": b"[",
        "mappings": b"{a: ",
        "dashes": b"- ",
        "question marks": b"? ",
        "flow elements": b"a,",
        "quotes": b"'",
        "block elements": b"- a\n",
        "empty elements": b"-\n",
        "same key": b"a: 1\n",
        "aliases": b"*a,",
        "anchors": b"- &a x\n",
        "tags": b"- !t x\n",
        "documents": b"---\n",
        "comments": b"#x\n",
        "colons": b":",
        "tabs": b"\t",
        "spaces": b" ",
        "line ends": b"\n",
        "carriage returns": b"\r",
        "control characters": b"\x07",
        "escapes": b'"\\0",',
        "long scalar": b"x",
        "long plain lines": b"a\n",
        "directives": b"%TAG !a! x\n",
        "percent": b"%",
        "secrets": b"password",
        "brackets": b"[]",
        "invalid bytes": b"\xff",
        "late marks": "\u202e".encode(),
    }
    yield from ((name, part * (LIMIT // len(part))) for name, part in big.items())
    made: dict[str, Callable[[], bytes]] = {
        "opened sequences": lambda: b"[" + b"a," * (LIMIT // 2 - 4),
        "opened aliases": lambda: b"[" + b"*a," * (LIMIT // 3 - 4),
        "opened escapes": lambda: b"[" + b'"\\0",' * (LIMIT // 5 - 4),
        "distinct keys": lambda: b"".join(b"k%07d: \n" % index for index in range(LIMIT // 11)),
        "distinct anchors": lambda: b"".join(b"- &a%07d x\n" % index for index in range(LIMIT // 14)),
        "tag handles": lambda: b"".join(b"%%TAG !a%d! tag:x\n" % index for index in range(20_000)) + b"--- x\n",
        "merge bomb": lambda: (
            b"a: &a {x: 1}\n" + b"".join(b"b%d: &b%d {<<: [*a,*a]}\n" % (i, i) for i in range(50_000))
        ),
        "alias bomb": lambda: b"a: &a [x]\n" + b"b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n" * 9,
        "block scalar": lambda: b"a: |\n" + b" x\n" * (LIMIT // 3 - 8),
        "long key": lambda: b"x" * (LIMIT - 8) + b": 1\n",
        "two gigabytes said": lambda: b"a: '" + b"\\u0000" * 1000,
        "python": lambda: b"!!python/object/apply:os.system ['exit 3']\n",
        "too large": lambda: b"a" * (LIMIT + 100),
        "late garbage": lambda: b"a: b\n" * 10 + b"c: d\n" * ((LIMIT - 60) // 5) + b"\xff",
    }
    yield from ((name, make()) for name, make in made.items())


def _timed(content: bytes) -> tuple[float, tuple[Diagnostic, ...]]:
    start = time.process_time()
    _, found = read_yaml("attack.yaml", content)
    return time.process_time() - start, found


def honest_rows() -> bytes:
    """Return a file of 5,000 declarations, as an operator writes them."""
    row = "- identity: user@contoso.com\n" + "".join(f"  attribute{number}: value {number}\n" for number in range(11))
    return (row * 5_000).encode()


def run_attacks() -> None:
    """Print, of each attack, whether it was refused, the processor seconds and, at the end, the peak of memory."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (2 * 1024**3, 2 * 1024**3))
    results: dict[str, tuple[bool, float]] = {}
    most = RATIO * max(_timed(honest_rows())[0] for _ in range(3))
    for name, content in attacks():
        seconds, found = _timed(content)
        if seconds > most:  # once more: the machine may have been busy with something else
            seconds, found = min(_timed(content), _timed(content), key=lambda timed: timed[0])
        results[name] = (any(one.is_error for one in found), seconds)
    print(json.dumps({"results": results, "most": most, "megabytes": _peak_kilobytes() / 1024}))


def _peak_kilobytes() -> int:
    """Return the peak of this program's own memory: ru_maxrss also counts that of the process it was forked from."""
    import resource

    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are POSIX")
def test_attacks_are_refused_in_time_and_memory() -> None:
    code = "from tests.config.test_yaml_reader import run_attacks; run_attacks()"
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False, timeout=120)
    assert ended.returncode == 0, ended.stderr.decode()[-2000:]
    told = json.loads(ended.stdout)
    harmless = {"comments", "line ends", "spaces", "carriage returns", "tag handles"}
    assert len(told["results"]) >= 30
    assert {name for name, (refused, _) in told["results"].items() if not refused} <= harmless
    assert {name: seconds for name, (_, seconds) in told["results"].items() if seconds > told["most"]} == {}
    assert told["megabytes"] <= MEGABYTES


def test_honest_rows_cost_little() -> None:
    content = honest_rows()
    start = time.process_time()
    root, _ = read_yaml("a.yaml", content)
    seconds = time.process_time() - start
    assert root is not None
    # 25 to 35 microseconds a row on a quiet machine; this only catches what is slower by a factor.
    assert seconds / 5_000 < 300e-6
