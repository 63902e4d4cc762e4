"""Commands that Ctrl-C or SIGTERM ends: nothing half-done is left, one message, and the exit code says it."""

import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from limavm.cli.main import end_by_signals, guarded, main
from limavm.host.process import run
from limavm.host.trees import remove_tree
from limavm.images.build.entry import builds_dir, locked_entry, new_entry
from limavm.images.cache import ensure_data, entry_dir
from limavm.images.cache import locked_entry as locked_download
from limavm.images.download import Client
from limavm.instance import disks
from limavm.instance.snapshots import table
from limavm.store import instances
from tests.fakes.changes import before_each_change
from tests.fakes.report import KeptReport
from tests.unit.images.server import Handler, file, serving

if sys.platform == "win32":
    pytest.skip("fork", allow_module_level=True)


@pytest.fixture
def used(dev: Path, home: Path) -> Path:
    """LIMA_HOME with an instance that has a disk with a snapshot, and a cache; a large image beside."""
    (home.parent / "bin" / "qemu-img").unlink()  # the real one
    run(["qemu-img", "create", "-q", "-f", "qcow2", str(dev / "disk"), "64M"])
    run(["qemu-img", "snapshot", "-c", "one", str(dev / "disk")])
    disks.create("data", 1 << 20, "raw", report=KeptReport())
    with (home.parent / "image").open("wb") as file:
        file.write(b"data" * (1 << 18))
        file.truncate(8 << 30)
    for number in range(3):
        entry = home.parent / "cache" / "lima" / "download" / "by-url-sha256" / (str(number) * 64)
        entry.mkdir(parents=True)
        (entry / "data").write_bytes(b"image")
    return home


def forked(command: Callable[[], int], stderr: Path) -> int:
    """The process of a command that takes signals and tells errors as limactl does."""
    pid = os.fork()
    if pid:
        return pid
    code = 99
    with contextlib.suppress(BaseException):
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        end_by_signals()
        os.dup2(os.open(stderr, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115 - until the end
        code = guarded(command)
        sys.stderr.flush()
    os._exit(code)


def ended(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def interrupted(args: list[str], at: int, number: int, stderr: Path) -> int:
    """The exit code of a limactl that gets the signal before the change of that number that it makes to files."""

    def command() -> int:
        before_each_change(lambda change: os.kill(os.getpid(), number) if change == at else None)
        return main(args)

    return ended(forked(command, stderr))


def state(used: Path) -> tuple[list[str], list[str], list[str]]:
    """Instances, snapshots and disks; raises when what is there is not whole."""
    for path in used.rglob("disk"):
        run(["qemu-img", "check", "-q", str(path)])
    for path in used.glob("_disks/copy/datadisk"):
        assert path.stat().st_size == 8 << 30
    tags = [line.split()[1] for line in table("dev").splitlines()[1:]]
    return instances.names(), tags, sorted(path.name for path in used.glob("_disks/*"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
@pytest.mark.parametrize(
    ("args", "afterwards"),
    [
        (["--tty=false", "clone", "dev", "twin"], (["dev", "twin"], ["one"], ["data"])),
        (["snapshot", "create", "dev", "--tag", "two"], (["dev"], ["one", "two"], ["data"])),
        (["disk", "import", "copy", "image"], (["dev"], ["one"], ["copy", "data"])),
        (["prune"], (["dev"], ["one"], ["data"])),
    ],
    ids=["clone", "snapshot create", "disk import", "prune"],
)
def test_an_interrupted_command_leaves_the_old_or_the_new(
    used: Path,
    monkeypatch: pytest.MonkeyPatch,
    args: list[str],
    afterwards: tuple[list[str], list[str], list[str]],
    number: signal.Signals,
) -> None:
    monkeypatch.chdir(used.parent)
    before = state(used)
    saved, stderr = used.parent / "saved", used.parent / "stderr"
    shutil.copytree(used, saved, symlinks=True)
    at = 1
    while (code := interrupted(args, at, number, stderr)) != 0:
        assert code == 128 + number
        assert said_once(stderr)
        assert state(used) in (before, afterwards)
        assert not [path for path in used.rglob("*") if path.name.endswith((".creating", ".deleting", ".tmp"))]
        shutil.rmtree(used)
        shutil.copytree(saved, used, symlinks=True)
        at += 1 + at // 3  # not every one of many: each costs a process
    assert at > 1
    assert state(used) == afterwards


def said_once(stderr: Path) -> bool:
    lines = stderr.read_text().splitlines()
    return sum("level=fatal" in line for line in lines) == 1 and not any("Traceback" in line for line in lines)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_an_interrupted_download_is_no_image_and_can_be_made_again(
    home: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    body = os.urandom(4 << 20)
    stderr = home.parent / "stderr"

    with serving() as server:

        def get() -> int:
            with locked_download(server.url, KeptReport()) as entry:
                ensure_data(entry, server.url, None, "image", KeptReport(), Client())
            return 0

        def half(handler: Handler) -> None:
            file(body, cut=len(body) // 2)(handler)
            os.kill(child, number)

        server.script.append(half)
        server.usual = lambda handler: handler.answer(503, Retry_After="3600")
        child = forked(get, stderr)

        assert ended(child) == 128 + number
        assert said_once(stderr)
        assert not os.path.exists(os.path.join(entry_dir(server.url), "data"))

        server.usual = file(body)
        assert get() == 0
        assert Path(entry_dir(server.url), "data").read_bytes() == body


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_an_interrupted_build_leaves_nothing_but_its_lock(home: Path, number: signal.Signals) -> None:
    stderr = home.parent / "stderr"

    def build() -> int:
        with locked_entry(builds_dir(), "key"), new_entry(builds_dir(), "key", remove_tree) as directory:
            Path(directory, "image").write_bytes(b"half")
            os.kill(os.getpid(), number)
        return 0

    assert ended(forked(build, stderr)) == 128 + number
    assert said_once(stderr)
    assert os.listdir(builds_dir()) == ["key.lock"]
