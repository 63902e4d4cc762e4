"""`limactl mount verify`, with a directory that both sides share without a machine between."""

import contextlib
import os
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from limavm.errors import UserError
from limavm.instance.verify import PREFIX, verify
from limavm.instance.verify.guest import GuestError, Peer, asked, command
from limavm.instance.verify.operations import round_of
from limavm.instance.verify.peer import BLOCK, Tree, answer, content
from limavm.model.mount import MountState

#: What the login shell of a guest would run, run by ours.
ARGV = shlex.split(command(root=False))


@pytest.fixture
def guest() -> Iterator[Peer]:
    with asked(ARGV) as peer:
        yield peer


class Spoiling:
    """A guest in which something happens to the files between what it is told and what is seen."""

    def __init__(self, spoil: Callable[[Path], None], *, after: str = "apply") -> None:
        self._spoil = spoil
        self._after = after

    def ask(self, request: dict[str, Any]) -> Any:
        reply = answer(request)
        if request["do"] == self._after and "may-the-guest-write" not in str(request):
            for directory in Path(request["root"]).glob("round-*"):
                self._spoil(directory)
        return reply


def shared(directory: Path, *, writable: bool = True) -> MountState:
    return MountState(location=str(directory), mount_point=str(directory), writable=writable, type="reverse-sshfs")


def biggest(directory: Path) -> Path:
    return max((path for path in directory.iterdir() if path.is_file()), key=lambda path: path.lstat().st_size)


def test_a_mount_that_keeps_everything_has_no_differences(tmp_path: Path, guest: Peer) -> None:
    verdict = verify(shared(tmp_path), guest, seconds=1, seed=1)

    assert (verdict.differences, verdict.error) == ((), "")
    assert verdict.rounds >= 1
    assert verdict.operations > verdict.rounds * 20
    assert verdict.written > 0


def test_nothing_is_left_behind(tmp_path: Path, guest: Peer) -> None:
    (tmp_path / "mine").write_text("kept")

    verify(shared(tmp_path), guest, seconds=0, seed=1)

    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_byte_that_differs_is_reported_with_its_place(tmp_path: Path) -> None:
    def spoil(directory: Path) -> None:
        path = biggest(directory)
        status = path.lstat()
        path.chmod(0o644)
        with path.open("r+b") as file:
            file.seek(5000)
            byte = file.read(1)[0]
            file.seek(5000)
            file.write(bytes([byte ^ 1]))
        path.chmod(status.st_mode & 0o7777)
        os.utime(path, ns=(status.st_mtime_ns, status.st_mtime_ns))

    # The second round is the first that the guest writes.
    verdict = verify(shared(tmp_path), Until(Spoiling(spoil)), seconds=60, seed=3)

    assert {one.writer for one in verdict.differences} == {"guest"}
    assert {one.side for one in verdict.differences} == {"host", "guest"}
    assert {one.what for one in verdict.differences} == {"content from byte 5000 on, in 1 blocks of 4 KiB"}
    one = verdict.differences[0]
    assert int(one.expected[:2], 16) ^ int(one.found[:2], 16) == 1


class Until:
    """Ends the examination after the guest has written once."""

    def __init__(self, guest: Spoiling) -> None:
        self._guest = guest
        self._writes = 0

    def ask(self, request: dict[str, Any]) -> Any:
        self._writes += request["do"] == "apply"
        if self._writes > 2:
            raise GuestError("enough")
        return self._guest.ask(request)


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (lambda directory: os.utime(biggest(directory), (1, 1)), "mtime"),
        (lambda directory: biggest(directory).chmod(0o611), "mode"),
        (lambda directory: biggest(directory).unlink(), "name"),
        (lambda directory: (directory / "another").touch(), "name"),
        (lambda directory: (directory / "link").unlink(), "name"),
        (lambda directory: (directory / "link").unlink() or (directory / "link").symlink_to("/etc"), "target"),
        (lambda directory: os.truncate(biggest(directory), 7), "size"),
    ],
)
def test_whatever_else_differs_is_reported(tmp_path: Path, spoil: Callable[[Path], None], what: str) -> None:
    verdict = verify(shared(tmp_path), Until(Spoiling(spoil)), seconds=60, seed=4)

    assert what in {one.what for one in verdict.differences}


def test_what_the_guest_does_not_see_is_a_difference_of_the_guest(tmp_path: Path) -> None:
    class Blind:
        def ask(self, request: dict[str, Any]) -> Any:
            return {} if request["do"] == "look" else answer(request)

    verdict = verify(shared(tmp_path), Blind(), seconds=0, seed=1)

    assert {(one.side, one.what, one.found) for one in verdict.differences} == {("guest", "name", "not there")}


def test_a_read_only_mount_is_written_by_the_host_only(tmp_path: Path) -> None:
    class Refusing:
        def ask(self, request: dict[str, Any]) -> Any:
            if request["do"] == "apply":
                raise GuestError("in the guest: Read-only file system", "EROFS")
            return answer(request)

    verdict = verify(shared(tmp_path, writable=False), Refusing(), seconds=0, seed=1)

    assert (verdict.differences, verdict.error, verdict.rounds) == ((), "", 1)


def test_a_read_only_mount_that_the_guest_can_write_is_reported(tmp_path: Path, guest: Peer) -> None:
    verdict = verify(shared(tmp_path, writable=False), guest, seconds=0, seed=1)

    assert [(one.what, one.found) for one in verdict.differences] == [("read-only", "the guest has made a directory")]


def test_a_writable_mount_that_the_guest_cannot_write_ends_the_examination(tmp_path: Path) -> None:
    class Refusing:
        def ask(self, request: dict[str, Any]) -> Any:
            raise GuestError("in the guest: Permission denied", "EACCES")

    verdict = verify(shared(tmp_path), Refusing(), seconds=0, seed=1)

    assert verdict.error == "in the guest: Permission denied"
    assert list(tmp_path.iterdir()) == []


def test_a_location_that_is_gone_is_an_error_of_the_host(tmp_path: Path, guest: Peer) -> None:
    with pytest.raises(UserError, match="nothing can be written to"):
        verify(shared(tmp_path / "gone"), guest, seconds=0, seed=1)


def test_a_broken_mount_does_not_fill_memory_with_differences(tmp_path: Path) -> None:
    class Blind:
        def ask(self, request: dict[str, Any]) -> Any:
            return {} if request["do"] == "look" else answer(request)

    verdict = verify(shared(tmp_path), Blind(), seconds=600, seed=1)

    assert 100 <= len(verdict.differences) < 200


def test_an_error_in_the_guest_names_the_file_and_the_error_number(tmp_path: Path, guest: Peer) -> None:
    with pytest.raises(GuestError, match="No such file or directory") as raised:
        guest.ask({"do": "apply", "root": str(tmp_path / "gone"), "operations": [["mkdir", "a"]]})
    assert raised.value.code == "ENOENT"
    assert "gone/a" in str(raised.value)


@pytest.mark.parametrize("program", ["exit 3", "cat", "echo 1; cat >/dev/null", "yes", "head -c 9000000 /dev/zero"])
def test_a_guest_that_speaks_nonsense_is_an_error(program: str) -> None:
    with pytest.raises(GuestError), asked(["sh", "-c", program]) as peer:
        peer.ask({"do": "look", "root": "/", "name": "."})


@pytest.mark.parametrize(
    "reply",
    [
        *('{"error": [1]}', '{"error": {"a": 1}}', '{"error": "no", "code": 7}', '{"error": "no", "path": []}'),
        *("{}", "[]", "null", '"answer"', "1e999", "9" * 9000, "[" * 100_000, '{"error": "' + "x" * 100_000 + '"}'),
    ],
)
def test_an_answer_of_another_form_is_an_error_of_the_guest(tmp_path: Path, reply: str) -> None:
    (tmp_path / "reply").write_text(reply + "\n")
    script = f"cat {shlex.quote(str(tmp_path / 'reply'))}; exec cat >/dev/null"

    with asked(["sh", "-c", script]) as peer, pytest.raises(GuestError) as raised:
        peer.ask({"do": "look", "root": "/", "name": "."})

    assert len(str(raised.value)) < 3000


#: What a guest may answer to a request, each wrong in its own way.
STRANGE = [None, 1, 1.5, True, "text", [], [1], [None], {"a": 1}, {"a": None}, {"a": {"type": None}}, {"a": {"m": [1]}}]


@pytest.mark.parametrize("strange", STRANGE)
@pytest.mark.parametrize("request_", ["look", "blocks", "block"])
def test_strange_answers_of_a_guest_end_the_examination(tmp_path: Path, request_: str, strange: object) -> None:
    class Strange:
        def ask(self, request: dict[str, Any]) -> Any:
            if request["do"] == request_:
                return strange
            found = answer(request)
            if request["do"] == "look":
                for one in found.values():
                    if "sha256" in one:
                        one["sha256"] = "another"
            return ["another"] if request["do"] == "blocks" else found

    verdict = verify(shared(tmp_path), Strange(), seconds=0, seed=1)

    assert verdict.error or verdict.differences
    assert list(tmp_path.iterdir()) == []


def test_what_a_guest_takes_away_from_the_host_ends_the_examination(tmp_path: Path) -> None:
    def spoil(directory: Path) -> None:
        directory.rename(directory.parent / "away")

    verdict = verify(shared(tmp_path), Until(Spoiling(spoil)), seconds=60, seed=4)

    assert "on the host" in verdict.error


def test_a_guest_that_makes_directories_without_end_makes_differences(tmp_path: Path) -> None:
    def spoil(directory: Path) -> None:
        here = os.open(directory, os.O_RDONLY)
        for _ in range(2000):
            with contextlib.suppress(FileExistsError):
                os.mkdir("deep", dir_fd=here)
            below = os.open("deep", os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = below
        os.close(here)

    verdict = verify(shared(tmp_path), Until(Spoiling(spoil)), seconds=60, seed=4)

    assert ("deep", "not there", "there") in {(one.name, one.expected, one.found) for one in verdict.differences}
    assert verdict.error == "enough"
    assert list(tmp_path.iterdir()) == []


def test_a_guest_that_does_not_answer_is_an_error() -> None:
    with asked(["sh", "-c", "exec sleep 600"], patience=0.05) as peer, pytest.raises(GuestError, match="not answer"):
        peer.ask({"do": "look", "root": "/", "name": "."})


def test_a_guest_that_answers_byte_by_byte_without_end_is_an_error() -> None:
    drips = "while printf x; do sleep 0.02; done"

    with asked(["sh", "-c", drips], patience=0.3) as peer, pytest.raises(GuestError, match="too long"):
        peer.ask({"do": "look", "root": "/", "name": "."})


@pytest.mark.parametrize("exchanged", ["the place", "a round", "a file"])
def test_a_guest_that_puts_links_in_the_place_of_what_is_examined_reaches_nothing_of_the_host(
    tmp_path: Path, exchanged: str
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "round-0").mkdir(mode=0o700)
    for name in (".profile", "round-0/plain"):
        (home / name).write_text("mine")
    mount = tmp_path / "mount"
    mount.mkdir()

    class Hostile:
        def ask(self, request: dict[str, Any]) -> Any:
            [place] = mount.glob(f"{PREFIX}*")
            if exchanged == "the place" and not place.is_symlink():
                place.rename(mount / "away")
                place.symlink_to(home)
            elif exchanged == "a round" and not (place / "round-0").exists():
                (place / "round-0").symlink_to(home)
            elif exchanged == "a file" and request["do"] == "apply":
                for number in range(4):
                    (place / f"round-{number}").mkdir(exist_ok=True)
                    (place / f"round-{number}" / "plain").symlink_to(home / ".profile")
            return {}

    with contextlib.suppress(OSError):  # the place itself cannot be removed when it is a link
        verify(shared(mount), Hostile(), seconds=0, seed=1)

    assert sorted(str(path.relative_to(home)) for path in home.rglob("*")) == [".profile", "round-0", "round-0/plain"]
    assert (home / ".profile").read_text() == (home / "round-0" / "plain").read_text() == "mine"
    assert (home / "round-0").stat().st_mode & 0o777 == 0o700


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    def spoil(directory: Path) -> None:
        path = biggest(directory)
        path.unlink()
        if sys.platform != "win32":
            os.mkfifo(path)

    verdict = verify(shared(tmp_path), Until(Spoiling(spoil)), seconds=60, seed=4)

    assert ("type", "other") in {(one.what, one.found) for one in verdict.differences}


def test_a_round_can_be_played_again() -> None:
    assert round_of(1, Random(7)) == round_of(1, Random(7))
    assert round_of(1, Random(7)) != round_of(1, Random(8))


@pytest.mark.parametrize("seed", range(30))
def test_every_round_can_be_carried_out(tmp_path: Path, seed: int) -> None:
    one = round_of(seed, Random(seed))

    Tree(str(tmp_path)).apply(one.operations)

    assert sorted(path.name for path in tmp_path.iterdir()) == [one.directory]


def test_every_operation_is_drawn_sooner_or_later() -> None:
    drawn = {name for seed in range(30) for name, *_ in round_of(seed, Random(seed)).operations}

    assert drawn == {name.removeprefix("do_") for name in vars(Tree) if name.startswith("do_")}


def test_contents_of_another_seed_differ_and_have_their_size() -> None:
    assert content(1, 5) != content(2, 5)
    assert content(1, BLOCK) == content(1, BLOCK)
    assert len(content(3, 12345)) == 12345
    assert content(1, 0) == b""


def test_the_directory_of_work_says_whose_it_is(tmp_path: Path) -> None:
    seen: list[str] = []

    class Looking:
        def ask(self, request: dict[str, Any]) -> Any:
            seen.extend(path.name for path in tmp_path.iterdir())
            return answer(request)

    verify(shared(tmp_path), Looking(), seconds=0, seed=1)

    assert seen
    assert all(name.startswith(PREFIX) for name in seen)


def test_ctrl_c_tells_what_was_compared_until_then(tmp_path: Path) -> None:
    def leave(_directory: Path) -> None:
        if next(rounds):
            raise KeyboardInterrupt

    rounds = iter((0, 1))

    verdict = verify(shared(tmp_path), Spoiling(leave, after="look"), seconds=60, seed=1)

    assert (verdict.interrupted, verdict.rounds, verdict.error) == (True, 1, "")
    assert verdict.operations > 0
    assert list(tmp_path.iterdir()) == []
