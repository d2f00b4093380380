"""The replies and faults of a WinRS shell, written as SOAP. Pure: values in, bytes out.

Source: MS-WSMV; DMTF DSP0226.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Final
from xml.sax.saxutils import escape

from providers.simulator.wire.fault_codes import Fault
from providers.simulator.wire.soap import (
    ADDRESSING,
    CMD,
    FAULT,
    SHELL,
    SOAP,
    TRANSFER,
    WMI,
    WSMAN,
    Request,
    Send,
    Signal,
)

_ENVELOPE_OVERHEAD_BYTES: Final = 3072


def room_for_output(envelope_bytes: int) -> int:
    """Return how many bytes of output, as base64, fit in a reply of ``envelope_bytes``."""
    return max(1, (envelope_bytes - _ENVELOPE_OVERHEAD_BYTES) * 3 // 4)


def created(request: Request, shell_id: str, owner: str, reply_id: str) -> bytes:
    """Return the reply to Create: the reference older clients read, and the shell that newer ones do."""
    selector = f'<w:SelectorSet><w:Selector Name="ShellId">{shell_id}</w:Selector></w:SelectorSet>'
    body = (
        "<x:ResourceCreated><a:Address>http://127.0.0.1/wsman</a:Address><a:ReferenceParameters>"
        f"<w:ResourceURI>{CMD}</w:ResourceURI>{selector}</a:ReferenceParameters></x:ResourceCreated>"
        f"<rsp:Shell><rsp:ShellId>{shell_id}</rsp:ShellId><rsp:ResourceUri>{CMD}</rsp:ResourceUri>"
        f"<rsp:Owner>{escape(owner)}</rsp:Owner><rsp:ClientIP>127.0.0.1</rsp:ClientIP>"
        "<rsp:InputStreams>stdin</rsp:InputStreams><rsp:OutputStreams>stdout stderr</rsp:OutputStreams></rsp:Shell>"
    )
    return _reply(request, f"{TRANSFER}/CreateResponse", body, reply_id)


def started(request: Request, command_id: str, reply_id: str) -> bytes:
    """Return the reply to Command."""
    body = f"<rsp:CommandResponse><rsp:CommandId>{command_id}</rsp:CommandId></rsp:CommandResponse>"
    return _reply(request, f"{SHELL}/CommandResponse", body, reply_id)


def received(
    request: Request,
    command_id: str,
    output: Sequence[tuple[str, bytes]],
    exit_code: int | None,
    reply_id: str,
) -> bytes:
    """Return the reply to Receive: output per stream; the end of every stream and the exit code once it is known."""
    parts = [
        f'<rsp:Stream Name="{name}" CommandId="{command_id}">{base64.b64encode(data).decode()}</rsp:Stream>'
        for name, data in output
    ]
    if exit_code is None:
        parts.append(f'<rsp:CommandState CommandId="{command_id}" State="{SHELL}/CommandState/Running"/>')
    else:
        parts += [f'<rsp:Stream Name="{name}" CommandId="{command_id}" End="true"/>' for name in ("stdout", "stderr")]
        parts.append(
            f'<rsp:CommandState CommandId="{command_id}" State="{SHELL}/CommandState/Done">'
            f"<rsp:ExitCode>{exit_code}</rsp:ExitCode></rsp:CommandState>"
        )
    body = f"<rsp:ReceiveResponse>{''.join(parts)}</rsp:ReceiveResponse>"
    return _reply(request, f"{SHELL}/ReceiveResponse", body, reply_id)


def done(request: Request, reply_id: str) -> bytes:
    """Return the empty reply to Send, Signal and Delete."""
    match request.body:
        case Send():
            return _reply(request, f"{SHELL}/SendResponse", "<rsp:SendResponse/>", reply_id)
        case Signal():
            return _reply(request, f"{SHELL}/SignalResponse", "<rsp:SignalResponse/>", reply_id)
        case _:
            return _reply(request, f"{TRANSFER}/DeleteResponse", "", reply_id)


def faulted(message_id: str, fault: Fault, reply_id: str) -> bytes:
    """Return the envelope of a fault. Quota faults also carry the number as an MSFT_WmiError, as Windows sends them."""
    reason, detail = escape(fault.reason), ""
    if not fault.is_wmi:
        detail = (
            f'<f:WSManFault xmlns:f="{FAULT}" Code="{fault.code}" Machine="localhost">'
            f"<f:Message>{reason}</f:Message></f:WSManFault>"
        )
    if fault.is_wmi or fault.is_quota:
        detail += f'<e:MSFT_WmiError xmlns:e="{WMI}"><e:error_Code>{fault.code}</e:error_Code></e:MSFT_WmiError>'
    body = (
        "<s:Fault><s:Code><s:Value>s:Receiver</s:Value>"
        f"<s:Subcode><s:Value>{fault.subcode}</s:Value></s:Subcode></s:Code>"
        f'<s:Reason><s:Text xml:lang="en-US">{reason}</s:Text></s:Reason>'
        f"<s:Detail>{detail}</s:Detail></s:Fault>"
    )
    return _envelope("http://schemas.dmtf.org/wbem/wsman/1/wsman/fault", body, message_id, reply_id)


def _reply(request: Request, action: str, body: str, reply_id: str) -> bytes:
    return _envelope(action, body, request.message_id, reply_id)


def _envelope(action: str, body: str, relates_to: str, reply_id: str) -> bytes:
    return (
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:a="{ADDRESSING}" xmlns:w="{WSMAN}" xmlns:x="{TRANSFER}"'
        f' xmlns:rsp="{SHELL}"><s:Header><a:Action>{action}</a:Action>'
        f"<a:MessageID>uuid:{reply_id}</a:MessageID><a:To>{ADDRESSING}/role/anonymous</a:To>"
        f"<a:RelatesTo>{escape(relates_to)}</a:RelatesTo></s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()
