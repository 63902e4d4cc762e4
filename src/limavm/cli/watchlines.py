"""How `limactl watch` shows what happens: as JSON lines, or in words (spec/cli.md 6.16). Pure.

Each event says everything that is known, so that in words only what is new in it is told. Nothing of it can drive
the terminal: parts of it come from the guest.
"""

import json
from collections.abc import Iterator
from datetime import datetime

import msgspec

from limavm.host.clock import seconds_of
from limavm.model.event import AgentStatus, CloudInitProgress, Event, PortForwardEvent, VsockEvent
from limavm.model.printable import printable


def json_line(instance: str, event: Event) -> str:
    """An event as one object on a line, in ASCII."""
    value = {"instance": instance, "event": msgspec.to_builtins(event)}
    return json.dumps(value, separators=(",", ":")) + "\n"


def when(seconds: float) -> str:
    """A time in the form of all lines, in local time."""
    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M:%S")


def when_told(event: Event) -> str:
    """When an event was told; as it says itself, where that is no time."""
    try:
        return when(seconds_of(event.time))
    except (ValueError, OverflowError, OSError):
        return printable(event.time)[:19]


def news(before: AgentStatus, now: AgentStatus) -> Iterator[str]:
    """What is new in a status, a text for each thing."""
    if now.running and (now.running, now.degraded) != (before.running, before.degraded):
        yield "running (degraded)" if now.degraded else "running"
    if now.exiting and not before.exiting:
        yield "exiting"
    if now.ssh_local_port and now.ssh_local_port != before.ssh_local_port:
        yield f"ssh port: {now.ssh_local_port}"
    for error in now.errors:
        if error not in before.errors:
            yield f"error: {error}"
    if now.cloud_init_progress and now.cloud_init_progress != before.cloud_init_progress:
        yield from _of_cloud_init(now.cloud_init_progress)
    if now.port_forward and now.port_forward != before.port_forward:
        yield _of_port(now.port_forward)
    if now.vsock and now.vsock != before.vsock:
        yield _of_vsock(now.vsock)


def text_lines(instance: str, event: Event, before: AgentStatus) -> str:
    """`TIME INSTANCE | what`, a line for each thing that is new."""
    head = f"{when_told(event)} {instance} | "
    return "".join(f"{head}{printable(' '.join(text.split()))}\n" for text in news(before, event.status))


def _of_cloud_init(progress: CloudInitProgress) -> Iterator[str]:
    if progress.completed:
        yield "cloud-init: completed"
    elif progress.log_line:
        yield f"cloud-init: {progress.log_line}"


def _of_port(port: PortForwardEvent) -> str:
    text = f"{port.type} {port.protocol} {port.guest_addr}"
    if port.host_addr:
        text += f" -> {port.host_addr}"
    return text + (f": {port.error}" if port.error else "")


def _of_vsock(vsock: VsockEvent) -> str:
    text = f"ssh over vsock: {vsock.type}"
    if vsock.host_addr:
        text += f" {vsock.host_addr} -> port {vsock.vsock_port}"
    return text + (f": {vsock.reason}" if vsock.reason else "")
