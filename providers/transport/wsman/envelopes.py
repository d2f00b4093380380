"""The two messages that a run sends again and again, Send and Receive, with less work than pywinrm does for each.

pywinrm builds the tree of an envelope for each message, and writes it as XML. Here it does so once for each command.
Later messages get their own id and body in the same text. So they are the messages of pywinrm, byte for byte; a test
compares them. The reply to a Receive is read in one pass.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from xml.etree import ElementTree

import xmltodict

SHELL: Final = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
_BODY: Final = "the body of this message"


@dataclass(frozen=True, slots=True)
class Envelope:
    """The text of a message without its id and its body."""

    before_id: str
    before_body: str
    end: str

    @classmethod
    def of(cls, header: Mapping[str, Any], body: Mapping[str, Any]) -> Envelope:
        """Return the envelope with the header that pywinrm built; the text of ``body`` is left out of it."""
        name = header["env:Header"]["a:MessageID"]
        text = xmltodict.unparse({"env:Envelope": {**header, "env:Body": body}})
        before_id, _, rest = text.partition(name)
        before_body, _, end = rest.partition(_BODY)
        return cls(before_id, before_body, end)

    def message(self, body: str) -> str:
        """Return the message with a new id; ``body`` holds no character that XML escapes."""
        return f"{self.before_id}uuid:{uuid.uuid4()}{self.before_body}{body}{self.end}"


class Envelopes:
    """The envelopes of one command in one shell."""

    def __init__(self, header: Callable[[str], Mapping[str, Any]], command: str) -> None:
        """``header`` returns pywinrm's header of a message to the shell, given its action."""
        self._receive = Envelope.of(
            header(f"{SHELL}/Receive"), {"rsp:Receive": {"rsp:DesiredStream": {"@CommandId": command, "#text": _BODY}}}
        )
        self._send, self._last = (
            Envelope.of(header(f"{SHELL}/Send"), {"rsp:Send": {"rsp:Stream": _stream(command, end)}})
            for end in ("false", "true")
        )

    def receive(self) -> str:
        return self._receive.message("stdout stderr")

    def send(self, data: bytes, *, end: bool) -> str:
        envelope = self._last if end else self._send
        return envelope.message(base64.b64encode(data).decode("ascii"))


def _stream(command: str, end: str) -> Mapping[str, str]:
    return {"@CommandId": command, "@Name": "stdin", "@End": end, "@xmlns:rsp": SHELL, "#text": _BODY}


def received(reply: bytes) -> tuple[bytes, bytes, int, bool]:
    """Return standard output, standard error, exit code (-1 until the end) and whether the command has ended.

    Raises:
        ParseError, KeyError, ValueError: the reply has another form.
    """
    output: dict[str, list[bytes]] = {"stdout": [], "stderr": []}
    exit_code, is_done = -1, False
    for node in ElementTree.fromstring(reply).iter():
        name = node.tag.rpartition("}")[2]
        if name == "Stream" and node.text and (pieces := output.get(node.attrib["Name"])) is not None:
            pieces.append(base64.b64decode(node.text.encode("ascii")))
        elif name == "CommandState":
            is_done = node.get("State", "").endswith("CommandState/Done")
        elif name == "ExitCode" and node.text:
            exit_code = int(node.text)
    return b"".join(output["stdout"]), b"".join(output["stderr"]), exit_code if is_done else -1, is_done
