import asyncio
import contextlib
import json
import os
import select
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from limavm.guestagent.kubernetes import Services, pause
from limavm.guestagent.ports import Port

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the fake kubectl is a shell script")


def event(kind: str, name: str, number: int) -> str:
    spec = {"type": "NodePort", "ports": [{"protocol": "TCP", "nodePort": number}]}
    return json.dumps({"type": kind, "object": {"metadata": {"name": name}, "spec": spec}})


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, 10.0), (1, 10.0), (2, 20.0), (3, 40.0), (4, 60.0), (100_000, 60.0)]
)
def test_a_cluster_that_does_not_answer_is_asked_less_and_less_often(failures: int, seconds: float) -> None:
    assert pause(10.0, failures) == seconds


class Cluster:
    """A directory with a kubectl that is a shell script, and a kubeconfig."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.kubeconfig = directory / "k3s.yaml"
        self.record = directory / "record"
        environment = {"PATH": f"{directory}:{os.environ['PATH']}", "RECORD": str(self.record)}
        kubeconfigs = (str(directory / "none"), str(self.kubeconfig))
        self.services = Services(environment, kubeconfigs=kubeconfigs, retry=0.01, listing=0.2)
        self.news = asyncio.Event()

    def install(self, script: str) -> None:
        self.kubeconfig.touch()
        kubectl = self.directory / "kubectl.new"
        kubectl.write_text(f"#!/bin/sh\n{script}\n")
        kubectl.chmod(0o755)
        kubectl.rename(self.directory / "kubectl")

    async def until(self, *numbers: int) -> None:
        wanted = {Port("tcp", "0.0.0.0", number) for number in numbers}
        while self.services.ports != wanted:
            self.news.clear()
            await asyncio.wait_for(self.news.wait(), 20)

    @contextlib.asynccontextmanager
    async def followed(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.services.run(self.news.set))
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    return Cluster(tmp_path)


async def test_services_are_followed_as_kubectl_tells_them(cluster: Cluster, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    if sys.platform != "win32":
        os.mkfifo(fifo)
    cluster.install(f'echo "$KUBECONFIG $*" > "$RECORD"; exec cat "{fifo}"')
    async with cluster.followed():
        with await asyncio.to_thread(fifo.open, "w") as told:
            print(event("ADDED", "web", 30080), file=told, flush=True)
            await cluster.until(30080)
            print(event("ADDED", "api", 30081), file=told, flush=True)
            await cluster.until(30080, 30081)
            print(event("DELETED", "web", 30080), file=told, flush=True)
            await cluster.until(30081)

    assert cluster.record.read_text() == (
        f"{cluster.kubeconfig} get --all-namespaces service --watch --output-watch-events --output json\n"
    )


async def test_kubectl_and_everything_it_started_are_killed_at_the_end(cluster: Cluster, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    if sys.platform != "win32":
        os.mkfifo(fifo)
    alive = os.open(fifo, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    cluster.install(f"""trap '' TERM; exec 3> "{fifo}"; sleep 600 & echo '{event("ADDED", "web", 30080)}'; wait""")
    try:
        async with cluster.followed():
            await cluster.until(30080)

        # The other end is closed when the last of them is gone.
        assert select.select([alive], [], [], 20)[0]
        assert os.read(alive, 1) == b""
    finally:
        os.close(alive)


async def test_kubectl_is_started_again_and_then_tells_what_there_is_now(cluster: Cluster) -> None:
    first, again = event("ADDED", "web", 1), event("ADDED", "api", 30081)
    cluster.install(f"""if [ -e "$RECORD" ]; then echo '{again}'; exec sleep 600; fi; : > "$RECORD"; echo '{first}'""")
    async with cluster.followed():
        await cluster.until(1)
        await cluster.until(1, 30081)  # the list may not be complete yet
        await cluster.until(30081)


async def test_a_cluster_may_be_installed_while_we_run_and_go_again(cluster: Cluster) -> None:
    async with cluster.followed():
        assert cluster.services.ports == frozenset()
        cluster.install(f"echo '{event('ADDED', 'web', 30080)}'")
        await cluster.until(30080)
        cluster.kubeconfig.unlink()
        await cluster.until()


async def test_a_cluster_that_does_not_answer_any_more_has_no_ports(cluster: Cluster) -> None:
    cluster.install(f"""[ -e "$RECORD" ] && exit 1; : > "$RECORD"; echo '{event("ADDED", "web", 30080)}'""")
    async with cluster.followed():
        await cluster.until(30080)
        await cluster.until()


async def test_a_kubeconfig_that_the_environment_names_comes_first(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path)
    cluster.services = Services(
        {"PATH": f"{tmp_path}:{os.environ['PATH']}", "KUBECONFIG": "/elsewhere", "RECORD": str(cluster.record)}
    )
    cluster.install(f"""echo "$KUBECONFIG" > "$RECORD"; echo '{event("ADDED", "web", 30080)}'; exec sleep 600""")
    async with cluster.followed():
        await cluster.until(30080)

    assert cluster.record.read_text() == "/elsewhere\n"


async def test_nonsense_of_kubectl_is_passed_over(cluster: Cluster) -> None:
    good = event("ADDED", "web", 30080)
    cluster.install(
        f"""echo 'Error: {{"'; echo '"}} []'; echo '{{}} {{"type":'; echo '"ADDED"}} {good}'; exec sleep 600"""
    )
    async with cluster.followed():
        await cluster.until(30080)


async def test_an_endless_object_ends_kubectl(cluster: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    good = event("ADDED", "web", 30080)
    cluster.install(
        f"""[ -e "$RECORD" ] && {{ echo '{good}'; exec sleep 600; }}; : > "$RECORD"; echo '{{"'; exec yes abcdefgh"""
    )
    async with cluster.followed():
        await cluster.until(30080)

    assert "an object of more than" in caplog.text


async def test_a_kubectl_that_cannot_be_executed_is_no_end(cluster: Cluster) -> None:
    async with cluster.followed():
        cluster.install("")
        (cluster.directory / "kubectl").write_text("#!/nonexistent/shell\n")
        cluster.install(f"echo '{event('ADDED', 'web', 30080)}'; exec sleep 600")
        await cluster.until(30080)
