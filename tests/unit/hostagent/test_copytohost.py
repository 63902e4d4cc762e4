"""spec/runtime.md 3.11, `copyToHost`, with this host as the guest."""

import asyncio
import contextlib
import io
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import pytest

from limavm.hostagent.copytohost import Limit, copy_to_host, deleted_copies
from limavm.hostagent.master import SSHTarget
from limavm.model.arch import Arch
from limavm.model.config import Config, CopyToHost, Mount, User
from tests.fakes.programs import install

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

if sys.platform == "win32":
    pytest.skip("there are no pipes with names", allow_module_level=True)

#: Runs the command after `--` as sshd does: its words are one line for a shell.
SSH = """#!/bin/sh
while [ "$1" != -- ]; do shift; done
shift
exec sh -c "exec $*"
"""
#: A sudo that says what it runs.
SUDO = """#!/bin/sh
shift
echo "$@" > "$SUDO_LOG"
rm -f "$DENIED"
exec "$@"
"""


LIMIT = Limit()


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of an instance."""
    install("ssh", SSH, tmp_path, monkeypatch)
    directory = tmp_path / "dev"
    directory.mkdir()
    return directory


def config(*rules: CopyToHost, mounts: tuple[Mount, ...] = ()) -> Config:
    user = User(name="me", comment="", home="/home/me", shell="/bin/bash", uid=1000)
    return Config(
        vm_type="qemu",
        arch=Arch.X86_64,
        cpus=1,
        memory="1GiB",
        disk="1GiB",
        user=user,
        copy_to_host=rules,
        mounts=mounts,
    )


async def copied(instance: Path, *rules: CopyToHost, limit: Limit = LIMIT, mounts: tuple[Mount, ...] = ()) -> list[str]:
    target = SSHTarget(address="127.0.0.1", port=1, options=(), control_path=str(instance / "ssh.sock"))
    return await copy_to_host(config(*rules, mounts=mounts), str(instance), target, limit)


def rule(guest: Path, host: Path, *, skip: bool = False) -> CopyToHost:
    return CopyToHost(guest=str(guest), host=str(host), skip_if_missing=skip)


def leftovers(directory: Path) -> list[str]:
    return [name for _, _, names in os.walk(directory) for name in names if name.endswith(".tmp")]


async def test_a_file_appears_on_the_host_and_nobody_else_may_read_it(instance: Path, tmp_path: Path) -> None:
    guest, host = tmp_path / "it's $(here) ü", instance / "copied" / "deep" / "config"
    guest.write_bytes(bytes(range(256)) * 1000)

    assert await copied(instance, rule(guest, host)) == []

    assert host.read_bytes() == guest.read_bytes()
    assert host.stat().st_mode & 0o777 == 0o600
    assert {path.stat().st_mode & 0o777 for path in (host.parent, host.parent.parent)} == {0o700}
    assert leftovers(instance) == []


async def test_each_start_replaces_the_copy(instance: Path, tmp_path: Path) -> None:
    guest, host = tmp_path / "guest", tmp_path / "host"
    host.write_text("a longer text of before")
    guest.write_text("now")

    assert await copied(instance, rule(guest, host)) == []

    assert host.read_text() == "now"


async def test_a_missing_file_is_an_error_unless_the_rule_allows_it(instance: Path, tmp_path: Path) -> None:
    guest, host = tmp_path / "guest", tmp_path / "host"
    host.write_text("of before")

    [error] = await copied(instance, rule(guest, host))

    assert "No such file" in error
    assert str(host) in error
    assert await copied(instance, rule(guest, host, skip=True)) == []
    assert host.read_text() == "of before"
    assert leftovers(tmp_path) == []


async def test_a_rule_that_fails_does_not_keep_the_others_from_their_files(instance: Path, tmp_path: Path) -> None:
    guest = tmp_path / "guest"
    guest.write_text("there")

    errors = await copied(instance, rule(tmp_path / "nope", tmp_path / "a"), rule(guest, tmp_path / "b"))

    assert len(errors) == 1
    assert (tmp_path / "b").read_text() == "there"


async def test_what_only_root_may_read_is_read_with_sudo(
    instance: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guest, denied = tmp_path / "guest", tmp_path / "denied"
    guest.write_text("secret")
    denied.touch()
    install("sudo", SUDO, tmp_path, monkeypatch)
    install(
        "cat",
        '#!/bin/sh\n[ ! -e "$DENIED" ] || { echo "cat: Permission denied" >&2; exit 1; }\nexec /bin/cat "$@"\n',
        tmp_path,
        monkeypatch,
    )
    monkeypatch.setenv("DENIED", str(denied))
    monkeypatch.setenv("SUDO_LOG", str(tmp_path / "sudo.log"))

    assert await copied(instance, rule(guest, tmp_path / "host")) == []

    assert (tmp_path / "host").read_text() == "secret"
    assert (tmp_path / "sudo.log").read_text() == f"env LANG=C LC_ALL=C cat -- {guest}\n"


async def test_a_file_without_an_end_leaves_nothing(instance: Path, tmp_path: Path) -> None:
    [error] = await copied(instance, rule(Path("/dev/zero"), tmp_path / "host"), limit=Limit(size=1 << 20))

    assert "more than 1 MiB" in error
    assert not (tmp_path / "host").exists()
    assert leftovers(tmp_path) == []


async def test_a_file_that_never_comes_is_given_up(instance: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    [error] = await copied(instance, rule(tmp_path / "pipe", tmp_path / "host"), limit=Limit(time=0.2))

    assert "more than 0.2 s" in error
    assert leftovers(tmp_path) == []


async def test_a_guest_that_complains_without_end_is_given_up(
    instance: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("ssh", "#!/bin/sh\nexec yes >&2\n", tmp_path, monkeypatch)

    [error] = await copied(instance, rule(tmp_path / "x", tmp_path / "host"), limit=Limit(time=0.3))

    assert "more than 0.3 s" in error


@pytest.mark.parametrize("hangs_at", ["open", "write", "end"])
async def test_a_drive_of_the_host_that_does_not_answer_holds_up_nobody_else(
    instance: Path, tmp_path: Path, hangs_at: str
) -> None:
    (tmp_path / "file").write_text("word")
    dead = threading.Event()

    class Dead(io.BytesIO):
        def write(self, data: "Buffer") -> int:
            return dead.wait() if hangs_at == "write" else super().write(data)

    @contextlib.contextmanager
    def replacing(_path: str, _distrusted: Sequence[str]) -> Iterator[BinaryIO]:
        if hangs_at == "open":
            dead.wait()
        yield Dead()
        if hangs_at == "end":
            dead.wait()

    target = SSHTarget(address="127.0.0.1", port=1, options=(), control_path=str(instance / "ssh.sock"))
    rules = config(rule(tmp_path / "file", tmp_path / "drive" / "copy"))

    try:
        async with asyncio.timeout(30):
            [error] = await copy_to_host(rules, str(instance), target, Limit(time=0.3), replacing)
    finally:
        dead.set()

    assert "more than 0.3 s" in error


async def test_a_cancelled_copy_leaves_nothing(instance: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    copying = asyncio.create_task(copied(instance, rule(tmp_path / "pipe", tmp_path / "host")))
    writer = None
    while writer is None:
        await asyncio.sleep(0.005)
        with contextlib.suppress(OSError):  # until somebody reads
            writer = os.open(tmp_path / "pipe", os.O_WRONLY | os.O_NONBLOCK)

    assert len(leftovers(tmp_path)) == 1
    copying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await copying
    os.close(writer)

    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("where", ["instance", "mount"])
async def test_a_link_that_a_guest_may_have_planted_is_not_followed(instance: Path, tmp_path: Path, where: str) -> None:
    guest, outside, inside = tmp_path / "guest", tmp_path / "outside", instance
    guest.write_text("x")
    outside.mkdir()
    mounts: tuple[Mount, ...] = ()
    if where == "mount":
        inside = tmp_path / "shared"
        inside.mkdir()
        mounts = (Mount(location=str(inside), mount_point="/mnt", writable=True),)
    (inside / "link").symlink_to(outside)

    [error] = await copied(instance, rule(guest, inside / "link" / "host"), mounts=mounts)

    assert "is not followed" in error
    assert list(outside.iterdir()) == []


async def test_a_host_file_that_cannot_be_written_is_told(instance: Path, tmp_path: Path) -> None:
    guest = tmp_path / "guest"
    guest.write_text("x")
    (tmp_path / "file").touch()

    [error] = await copied(instance, rule(guest, tmp_path / "file" / "host"))

    assert "Not a directory" in error


async def test_a_drive_that_does_not_answer_holds_up_no_deletion_of_copies(
    instance: Path, caplog: pytest.LogCaptureFixture
) -> None:
    answers = threading.Event()
    try:
        await deleted_copies(config(), str(instance), 0.05, lambda *_: answers.wait())
    finally:
        answers.set()

    assert "does not answer" in caplog.text
