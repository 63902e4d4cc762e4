"""What an instance offers beside ssh while it runs: ports of the guest on the host, the right time, the guest agent.

Here the parts are put together: who is told when ssh, the guest agent or the machine come and go.
"""

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import AsyncIterator

from limavm.driver import VirtualMachine
from limavm.errors import UserError
from limavm.host import paths
from limavm.hostagent import sleep, sshagent, sshlimit
from limavm.hostagent.events import Emitter
from limavm.hostagent.forwarding.api import ports_handler
from limavm.hostagent.forwarding.forwarder import Forwarder
from limavm.hostagent.forwarding.hostfwd import HostfwdOpener
from limavm.hostagent.forwarding.opener import Opener
from limavm.hostagent.forwarding.portrules import Abilities, Policy, effective_rules, preference
from limavm.hostagent.forwarding.sshforward import SSHOpener
from limavm.hostagent.forwarding.tunnels import TunnelOpener
from limavm.hostagent.guest import Guest
from limavm.hostagent.guestlink.guestagent import GuestAgent
from limavm.hostagent.guestlink.ways import over_ssh, unix_socket
from limavm.hostagent.inotify.part import host_watch
from limavm.hostagent.mounts.mounts import Mounts
from limavm.hostagent.names.answers import hosts_of
from limavm.hostagent.names.nameserver import NameServer
from limavm.hostagent.screenshot import screenshot_action
from limavm.hostagent.snapshots import snapshot_actions
from limavm.hostagent.supervise import Part, supervised
from limavm.hostagent.timesync import TimeSync
from limavm.hostagent.vnc import VNCDisplay
from limavm.model.config import needs_guest_agent
from limavm.model.forward import Forward, Route
from limavm.model.instance import hostname_of
from limavm.model.plan import Plan

log = logging.getLogger(__name__)

#: How long the guest agent may take to answer once the boot scripts have finished, in seconds (spec/runtime.md 15).
_AGENT_LIMIT = 60.0
#: How long somebody who has applied a snapshot waits for ssh, in seconds.
_RECONNECTED = 20.0
_END_SSHFS = """for process in /proc/[0-9]*; do
read -r name <"$process/comm" && [ "$name" = sshfs ] && sudo -n kill -9 "${process#/proc/}"
done 2>/dev/null
:"""
#: How long the mounts may take: each has a limit of its own from the time on when the guest is ready for it.
_MOUNTS_LIMIT = 600.0
#: The same where nobody waits for it, and it may be installed only then (`seed`); an emulated guest takes its time.
_LATE_AGENT_LIMIT = 240.0
_AGENT_SOCKET_IN_GUEST = "/run/lima-guestagent.sock"


class Services:
    """The services of one run."""

    def __init__(self, plan: Plan, vm: VirtualMachine, guest: Guest, emitter: Emitter) -> None:
        self._plan = plan
        self._vm = vm
        self._guest = guest
        self._emitter = emitter
        self._boot_ended = asyncio.Event()
        #: How long the guest agent may take from now on, once READY does not wait for it.
        self._booted: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        ssh = SSHOpener(guest.target.control_path, guest.master.connected.is_set, guest)
        self._agent = self._guest_agent(ssh) if has_guest_agent(plan) else None
        openers: dict[Route, Opener] = {Route.HOSTFWD: HostfwdOpener(vm), Route.SSH: ssh}
        if self._agent:
            openers[Route.GRPC] = TunnelOpener(self._agent)
        self.forwarder = Forwarder(
            policy(plan, hostfwd=vm.forwards_ports, grpc=self._agent is not None),
            openers,
            record=os.path.join(plan.machine.directory, paths.FORWARDS_JSON),
            tell=lambda event: emitter.mention(port_forward=event),
        )
        self.mounts = Mounts(plan, vm, guest, record=os.path.join(plan.machine.directory, paths.MOUNTS_JSON))
        self.screenshot = screenshot_action(vm)
        self.snapshots = snapshot_actions(vm, self._applied)
        self.ports = ports_handler(self.forwarder.ports, self.forwarder.changed)
        guest.master.on_change(self._master_changed)
        # A guest that was reset has not taken leave of ssh.
        vm.on_reset(guest.master.reconnect)
        vm.on_change(lambda _: self._forwards_again(Route.HOSTFWD))
        self._parts: dict[str, Part] = {"port forwarding": self.forwarder.run}
        if plan.config.os == "Linux":
            self._parts["the limit of sshd"] = lambda: sshlimit.keep_raised(guest, self._boot_ended)
        if plan.machine.video.display == "vnc":
            self._parts["the VNC display"] = VNCDisplay(vm, plan.machine.directory).run
        if self._agent:
            self._add_agent_parts(self._agent)
        if plan.config.ssh.forward_agent:
            self._add_ssh_agent()

    @contextlib.asynccontextmanager
    async def mounting(self) -> AsyncIterator[None]:
        """Keep the mounts until the context ends: longer than the rest, until the guest has written what it has."""
        async with supervised({"mounts": self.mounts.run}):
            yield

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Offer everything else until the context ends."""
        async with supervised(self._parts):
            yield

    async def mounted(self) -> list[str]:
        """What is wrong with the mounts of the configuration, asked once the guest can have them."""
        return await self.mounts.settled(_MOUNTS_LIMIT)

    async def answered(self, limit: float = _AGENT_LIMIT, late: float = _LATE_AGENT_LIMIT) -> list[str]:
        """What is wrong with the guest agent, asked once the boot scripts have finished.

        It is waited for when a rule of the configuration needs it. Else the machine is ready without it, since in
        an emulated guest it takes seconds to start, and one that is not there `late` seconds later is told then.
        """
        self._boot_ended.set()
        if self._agent is None:
            return []
        if needs_guest_agent(self._plan.config):
            if not self._agent.answered.is_set():
                log.info("Waiting for the guest agent to be running")
            return await self._first_answer(self._agent, limit)
        self._booted.set_result(late)
        return []

    async def _watch_late_agent(self, agent: GuestAgent) -> None:
        errors = await self._first_answer(agent, await asyncio.shield(self._booted))
        if errors:
            self._emitter.change(degraded=True, errors=(*self._emitter.status.errors, *errors))

    async def _first_answer(self, agent: GuestAgent, limit: float) -> list[str]:
        try:
            async with asyncio.timeout(limit):
                await agent.answered.wait()
        except TimeoutError:
            error = f"the guest agent has not answered within {limit:g} s after the boot scripts"
            log.error("%s", error)
            return [f"{error}; see `systemctl status lima-guestagent` in the guest"]
        return []

    def _guest_agent(self, ssh: SSHOpener) -> GuestAgent:
        machine = self._plan.machine
        path = os.path.join(machine.directory, paths.GA_SOCK)
        forward = Forward(protocol="unix", guest=_AGENT_SOCKET_IN_GUEST, host=path, route=Route.SSH)

        async def forward_socket() -> None:
            await ssh.close(forward)
            await ssh.open(forward)

        connect = unix_socket(machine.agent_socket) if machine.agent_socket else over_ssh(path, forward_socket)
        return GuestAgent(connect, token=self._plan.agent_token, listeners=lambda now: self.forwarder.listeners(now))

    def _add_agent_parts(self, agent: GuestAgent) -> None:
        time = TimeSync(agent, is_paused=self._vm.is_paused)

        self._vm.on_reset(agent.suspect)

        def jumped() -> None:
            agent.suspect()
            time.jumped()

        self._vm.on_resume(jumped)
        self._vm.on_agent_port(agent.port_changed)
        agent.on_connected(self._agent_changed)
        self._parts["the guest agent's connection"] = agent.run
        if self._plan.config.mount_inotify:
            self._parts["the watch for changed files"] = host_watch(self.mounts.states, agent)
        self._parts["the guest agent's first answer"] = lambda: self._watch_late_agent(agent)
        self._parts["time synchronisation"] = time.run
        self._parts["the watch for jumps of time"] = lambda: sleep.watch(jumped, is_paused=self._vm.is_paused)

    def _add_ssh_agent(self) -> None:
        if self._plan.config.plain:
            log.warning("ssh.forwardAgent: a plain guest has no fixed name for the host's ssh agent")
        else:
            self._parts["the ssh agent's name"] = lambda: sshagent.keep_linked(self._guest)

    async def _applied(self) -> None:
        """A snapshot was applied: the guest goes on with ssh connections of long ago, and gets others.

        Its sshfs would wait for an answer for ever, and with it whoever looks into a mount.
        """
        try:
            await self._guest.run(_END_SSHFS, timeout=_RECONNECTED, master=False)
        except (OSError, TimeoutError, UserError) as error:
            log.warning("The mounts of the guest may hang: %s", error)
        self._guest.master.reconnect()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_RECONNECTED):
                await self._guest.master.disconnected.wait()
                await self._guest.master.connected.wait()

    def _master_changed(self, connected: bool) -> None:
        if connected:
            self.forwarder.restored(Route.SSH)
        else:
            self.forwarder.lost(Route.SSH)
        if self._agent:
            self._agent.suspect()

    def _agent_changed(self, connected: bool) -> None:
        if connected:  # listeners outlive its connections, but those that were not open yet can be opened now
            self.forwarder.restored(Route.GRPC)

    def _forwards_again(self, route: Route) -> None:
        self.forwarder.lost(route)
        self.forwarder.restored(route)


@contextlib.asynccontextmanager
async def names_served(plan: Plan) -> AsyncIterator[None]:
    """Answer the guest's questions for names, if the plan has ports for that, until the context ends."""
    nic = plan.machine.nic
    resolver = plan.config.host_resolver
    hosts = hosts_of(resolver.hosts, hostname_of(plan.machine.name), gateway=nic.gateway, guest=nic.dhcp_start)
    async with contextlib.AsyncExitStack() as stack:
        if plan.dns_udp_port or plan.dns_tcp_port:
            server = NameServer(hosts, ipv6=resolver.ipv6)
            await stack.enter_async_context(server.serving(plan.dns_udp_port, plan.dns_tcp_port))
        yield


def has_guest_agent(plan: Plan) -> bool:
    """Whether an agent of ours is put into the guest (spec/runtime.md 3.6, step 8)."""
    return plan.config.os == "Linux" and not plan.config.plain


def policy(plan: Plan, *, hostfwd: bool, grpc: bool, platform: str = sys.platform) -> Policy:
    """The rules of the configuration, and what this run can do."""
    wish, warning = preference(os.environ.get("LIMA_SSH_PORT_FORWARDER"))
    if warning:
        log.warning("%s", warning)
    abilities = Abilities(
        hostfwd=hostfwd,
        ssh=True,
        grpc=grpc,
        slirp_ip=plan.machine.nic.dhcp_start,
        preference=wish,
        low_ports_by_tunnel=platform == "darwin",
    )
    return Policy(rules=effective_rules(plan.config.port_forwards, plan.machine.nic.ssh_port), abilities=abilities)
