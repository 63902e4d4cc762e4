"""From the start of a machine to READY: first contact, the requirements in their order, what is told on the way.

The chain is that of spec/runtime.md 3.6. Errors are collected and make the instance degraded; only a
guest that cannot be reached at all ends the run.
"""

import asyncio
import logging
import os
from collections.abc import Coroutine
from typing import Any, Protocol

from limavm.driver import VirtualMachine
from limavm.errors import UserError
from limavm.host import paths
from limavm.hostagent import requirements, usersservices
from limavm.hostagent.cloudinit import follow_cloud_init
from limavm.hostagent.copytohost import copy_to_host
from limavm.hostagent.events import Emitter
from limavm.hostagent.failures import failures
from limavm.hostagent.guest import Guest, Session
from limavm.hostagent.guesttime import record_guest_phases
from limavm.hostagent.panic import kernel_panic
from limavm.model.event import AgentStatus
from limavm.model.plan import Plan
from limavm.store import containerd
from limavm.store.containerd import Containerd
from limavm.store.timings import Recorder

log = logging.getLogger(__name__)

#: The boot scripts that bring the packages.
_OF_CONTAINERD = ("30-install-packages", "40-install-containerd")


class GuestPanicError(UserError):
    """The guest's kernel panics at each boot, so there is nothing to wait for."""


class _PanickedError(Exception):
    """The guest's kernel has panicked; its words."""


class Awaited(Protocol):
    """What has to be there beside what the requirements ask for; each tells what is wrong with it."""

    async def mounted(self) -> list[str]:
        """The mounts of the configuration, once the guest can have them."""

    async def answered(self) -> list[str]:
        """The guest agent, once the boot scripts have finished."""


class Readiness:
    """Waits for the guest of one run, once."""

    def __init__(
        self,
        plan: Plan,
        vm: VirtualMachine,
        guest: Guest,
        services: Awaited,
        emitter: Emitter,
        recorder: Recorder,
        *,
        console_offset: int = 0,
    ) -> None:
        """`console_offset` is where in the log of the serial console the words of this boot begin."""
        self._plan = plan
        self._vm = vm
        self._guest = guest
        self._services = services
        self._emitter = emitter
        self._recorder = recorder
        self._console_offset = console_offset
        #: What this boot has shown of containerd: that its archive is unpacked, or that its packages are there.
        self._has_containerd = False
        self._has_packages = False

    async def reach(self, *, progress: bool) -> list[str]:
        """Return the errors that leave the guest degraded.

        `progress` tells what cloud-init does meanwhile. A kernel that panics gets one more try. Raises GuestPanicError.
        """
        telling = asyncio.create_task(self._tell_progress(), name="progress of cloud-init") if progress else None
        try:
            errors = await self._despite_a_panic()
            self._recorder.ready()
            self._recorder.save()
            self._tell_running(errors)
            await record_guest_phases(self._guest, self._recorder)
            if telling:
                await telling
            return errors
        finally:
            if telling:
                telling.cancel()
                await asyncio.gather(telling, return_exceptions=True)

    async def _despite_a_panic(self) -> list[str]:
        """What the boot leaves to tell; the machine is reset once for it."""
        try:
            return await self._unless_panic(self._booted())
        except _PanickedError as error:
            log.warning("The guest's kernel panicked while booting (%s); resetting the machine", error)
        await self._vm.reset()
        try:
            return await self._unless_panic(self._booted())
        except _PanickedError as error:
            raise GuestPanicError(f"the guest's kernel panicked twice while booting: {error}") from error

    async def _unless_panic(self, boot: Coroutine[Any, Any, list[str]]) -> list[str]:
        """What `boot` returns; raises _PanickedError when the kernel panics meanwhile."""
        serial = os.path.join(self._plan.machine.directory, paths.SERIAL_LOG)
        booting = asyncio.create_task(boot, name="boot")
        panic = asyncio.create_task(kernel_panic(serial, self._console_offset), name="kernel panic")
        try:
            await asyncio.wait({panic, booting}, return_when=asyncio.FIRST_COMPLETED)
            if booting.done():
                return booting.result()
            words, self._console_offset = panic.result()
            raise _PanickedError(words)
        finally:
            booting.cancel()
            panic.cancel()
            await asyncio.gather(booting, panic, return_exceptions=True)

    async def _booted(self) -> list[str]:
        began = self._recorder.now()
        await self._guest.master.connected.wait()
        self._recorder.add("ssh", began, self._recorder.now())
        self._vm.ready()
        errors = await self._satisfy()
        errors += await self._copied()
        satisfied = self._recorder.now()
        errors += await self._services.answered()
        self._recorder.add("guest agent", satisfied, self._recorder.now())
        return errors

    def _tell_running(self, errors: list[str]) -> None:
        """A fresh status: what was told of ports and of cloud-init is not told once more (spec/runtime.md 3.4)."""
        port = self._emitter.status.ssh_local_port
        status = AgentStatus(running=True, degraded=bool(errors), errors=tuple(errors), ssh_local_port=port)
        self._emitter.fresh(status)

    async def _satisfy(self) -> list[str]:
        config, token = self._plan.config, self._vm.machine.boot_token
        async with self._guest.session() as session:
            errors = await self._of_groups(session, requirements.essential(config, token))
            began = self._recorder.now()
            errors += await self._services.mounted()
            if config.mounts:
                self._recorder.add("mounts", began, self._recorder.now())
            errors += await self._of_groups(session, self._optional(), requirements.final(config, token))
            if usersservices.are_wanted(config):
                await usersservices.warn_of_failed(session)
        await self._note_containerd()
        return errors

    def _containerd(self) -> Containerd | None:
        """What the guest is to have of containerd; None when it is to have none."""
        wanted = containerd.is_wanted(self._plan.config)
        return containerd.load(self._plan.machine.directory) if wanted else None

    def _optional(self) -> requirements.Group:
        known = self._containerd()
        return requirements.optional(self._plan.config, self._vm.machine.boot_token, known.version if known else "")

    async def _copied(self) -> list[str]:
        config = self._plan.config
        if not config.copy_to_host:
            return []
        began = self._recorder.now()
        errors = await copy_to_host(config, self._plan.machine.directory, self._guest.target)
        self._recorder.add("copyToHost", began, self._recorder.now())
        return errors

    async def _of_groups(self, session: Session, *groups: requirements.Group) -> list[str]:
        return await requirements.satisfy(groups, session, satisfied=self._satisfied, said=self._said)

    async def _note_containerd(self) -> None:
        """Remember whether the guest has containerd now, for the next start; it needs its archive no more then."""
        known = self._containerd()
        if known is None:
            return
        directory = self._plan.machine.directory
        if self._has_containerd if known.version else self._has_packages:
            containerd.installed(directory)
            await self._vm.remove_media()
        elif known.version:
            containerd.forget(directory)

    def _said(self, group: str, output: bytes) -> None:
        if group == "final":
            found = list(failures(output))
            self._has_packages = not any(script in failure for failure in found for script in _OF_CONTAINERD)
            for failure in found:
                log.warning("%s", failure)

    def _satisfied(self, group: str, requirement: requirements.Requirement, took: float) -> None:
        self._has_containerd |= requirement.description == requirements.CONTAINERD
        now = self._recorder.now()
        self._recorder.add(f"{group}: {requirement.description}", now - took, now)

    async def _tell_progress(self) -> None:
        """Never raises: the machine does not depend on what is told of it."""
        await self._guest.master.connected.wait()
        try:
            async with self._guest.session() as session:
                await follow_cloud_init(session, lambda progress: self._emitter.mention(cloud_init_progress=progress))
        except Exception:
            log.exception("the progress of cloud-init is not told any more")
