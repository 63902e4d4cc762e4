"""Events of the host agent, one JSON object a line in `ha.stdout.log` (spec/runtime.md 3.3)."""

from limavm.model.value import Sparse


class CloudInitProgress(Sparse, frozen=True, kw_only=True):
    """What cloud-init in the guest is doing."""

    log_line: str = ""
    completed: bool = False
    active: bool = False


class PortForwardEvent(Sparse, frozen=True, kw_only=True):
    """A forward that was opened, closed, left out or that failed.

    `type` is `forwarding`, `not-forwarding`, `stopping` or `failed`.
    """

    type: str
    protocol: str = ""
    guest_addr: str = ""
    host_addr: str = ""
    error: str = ""


class VsockEvent(Sparse, frozen=True, kw_only=True):
    """A decision about SSH over vsock: `started`, `skipped` or `failed`."""

    type: str
    host_addr: str = ""
    vsock_port: int = 0
    reason: str = ""


class AgentStatus(Sparse, frozen=True, kw_only=True):
    """A full snapshot of the agent's state, never a delta."""

    running: bool = False
    degraded: bool = False
    exiting: bool = False
    errors: tuple[str, ...] = ()
    ssh_local_port: int = 0
    cloud_init_progress: CloudInitProgress | None = None
    port_forward: PortForwardEvent | None = None
    vsock: VsockEvent | None = None


class Event(Sparse, frozen=True, kw_only=True, omit_defaults=False):
    """One line; `time` is RFC 3339 with nanoseconds."""

    time: str
    status: AgentStatus = AgentStatus()
