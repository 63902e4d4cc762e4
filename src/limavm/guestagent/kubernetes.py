"""Services of a Kubernetes cluster in the guest, as `kubectl get --watch` tells them.

Their ports are no sockets: the node's packet filter answers for them. What kubectl prints is not trusted: what makes
no sense is left out, and what is too long ends kubectl.
"""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial
from typing import BinaryIO

from limavm.guestagent.parent import die_with_parent
from limavm.guestagent.ports import Port
from limavm.guestagent.services import Known, Objects, TooLongError

log = logging.getLogger(__name__)

_ARGUMENTS = ("get", "--all-namespaces", "service", "--watch", "--output-watch-events", "--output", "json")
#: k3s, the template of Kubernetes, and everybody else.
KUBECONFIGS = ("/etc/rancher/k3s/k3s.yaml", "/root/.kube/config.localhost", "/root/.kube/config")
RETRY = 10.0
#: A cluster that does not answer is asked less and less often, as kubectl costs seconds of an emulated processor.
_LONGEST_RETRY = 60.0
#: How long kubectl takes to list what there is when it begins, in seconds.
LISTING = 5.0
_READ = 64 << 10


class Services:
    """Follows the services while it runs; `ports` is what they offer now, on 0.0.0.0."""

    def __init__(
        self,
        environment: Mapping[str, str] | None = None,
        *,
        kubeconfigs: tuple[str, ...] = KUBECONFIGS,
        retry: float = RETRY,
        listing: float = LISTING,
    ) -> None:
        """`environment` is our own unless given; `retry`: seconds between attempts."""
        self.ports: frozenset[Port] = frozenset()
        self._environment = os.environ if environment is None else environment
        self._kubeconfigs = kubeconfigs
        self._retry = retry
        self._listing = listing

    async def run(self, changed: Callable[[], None]) -> None:
        """Follow until cancelled, and call `changed` whenever `ports` did; kubectl may appear later, or never."""
        failures = 0
        while True:
            found = self._find()
            told = False
            if found:
                try:
                    told = await self._follow(*found, changed)
                except (OSError, TooLongError) as error:
                    log.warning("kubectl: %s", error)
            if not told:
                self._set(frozenset(), changed)
            failures = failures + 1 if found and not told else 0
            await asyncio.sleep(pause(self._retry, failures))

    def _find(self) -> tuple[str, str] | None:
        """Which kubectl to run with which configuration."""
        kubeconfig = self._environment.get("KUBECONFIG") or next(
            (path for path in self._kubeconfigs if os.path.exists(path)), None
        )
        # The configuration first: looking for it is cheaper.
        if not kubeconfig:
            return None
        kubectl = _program("kubectl", self._environment.get("PATH", os.defpath))
        return (kubectl, kubeconfig) if kubectl else None

    async def _follow(self, kubectl: str, kubeconfig: str, changed: Callable[[], None]) -> bool:
        """Run kubectl to its end; whether it told anything."""
        # A pipe of our own: that of asyncio, not read to its end, would keep us waiting for a child that is gone.
        read, write = os.pipe()
        with open(read, "rb", buffering=0) as output:
            try:
                child = await asyncio.create_subprocess_exec(  # noqa: TID251 - limavm.host is not in the guest
                    kubectl,
                    *_ARGUMENTS,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=write,
                    stderr=asyncio.subprocess.DEVNULL,
                    env={**self._environment, "KUBECONFIG": kubeconfig},
                    start_new_session=True,
                    preexec_fn=partial(die_with_parent, os.getpid()),
                )
            finally:
                os.close(write)
            try:
                async with _stream(output) as stream:
                    return await self._read(stream, changed)
            finally:
                await _ended(child)
                log.debug("kubectl ended with status %s", child.returncode)

    async def _read(self, output: asyncio.StreamReader, changed: Callable[[], None]) -> bool:
        """Take what kubectl tells, until it ends. It begins with all services there are, one by one.

        What an earlier kubectl told counts for some seconds more, as one cannot see where that list ends.
        """
        objects, known = Objects(), Known()
        earlier = [self.ports]

        def forget() -> None:
            earlier.clear()
            self._set(known.ports(), changed)

        timer: asyncio.TimerHandle | None = None
        try:
            while data := await output.read(_READ):
                timer = timer or asyncio.get_running_loop().call_later(self._listing, forget)
                for text in objects.feed(data):
                    _tell(known, text)
                self._set(known.ports().union(*earlier), changed)
        finally:
            if timer:
                timer.cancel()
        return timer is not None

    def _set(self, ports: frozenset[Port], changed: Callable[[], None]) -> None:
        if ports != self.ports:
            self.ports = ports
            changed()


def pause(retry: float, failures: int) -> float:
    """How long to wait after so many attempts in a row that told nothing."""
    return retry if failures < 2 else min(retry * 2 ** min(failures - 1, 10), max(retry, _LONGEST_RETRY))


def _program(name: str, path: str) -> str | None:
    """As shutil.which, whose module takes long to load."""
    places = (os.path.join(directory, name) for directory in path.split(os.pathsep) if directory)
    return next((place for place in places if os.path.isfile(place) and os.access(place, os.X_OK)), None)


@contextlib.asynccontextmanager
async def _stream(pipe: BinaryIO) -> AsyncIterator[asyncio.StreamReader]:
    stream = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(stream), pipe
    )
    try:
        yield stream
    finally:
        transport.close()


async def _ended(child: asyncio.subprocess.Process) -> None:
    """It has nothing to put in order, and whatever it started goes with it."""
    if sys.platform != "win32" and child.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
    await child.wait()


def _tell(known: Known, text: bytes) -> None:
    try:
        known.tell(text)
    except ValueError as error:
        log.debug("kubectl told something strange: %s", error)
