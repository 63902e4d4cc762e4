"""spec/cli.md 7.6 and docs/sync.md, with a guest that is another directory of the host, and the real rsync."""

import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from limavm.host import pidfile
from tests.unit.cli.harness import YAML, Run, Terminal, limactl_process, make_identity, make_instance

if sys.platform == "win32":
    pytest.skip("directories are not copied on Windows", allow_module_level=True)
if shutil.which("rsync") is None:
    pytest.skip("there is no rsync", allow_module_level=True)


def namespaces() -> bool:
    """Whether this user may mount something for a process."""
    argv = ["unshare", "--user", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"]
    return bool(shutil.which("unshare")) and subprocess.run(argv, capture_output=True, check=False).returncode == 0


#: Stands for ssh: runs the command here, as in the guest's home.
FAKE_SSH = f"""#!{sys.executable}
import os, sys
words = sys.argv[1:]
if "-V" in words:
    print("OpenSSH_9.2p1 Debian", file=sys.stderr)
    sys.exit()
while words[0].startswith("-"):
    del words[: 1 if words[0] == "-t" else 2]
os.chdir(os.environ["GUEST"])
if "--sender" in words and os.environ.get("LOST"):
    sys.exit(255)
script = " ".join(words[2 if words[1] == "--" else 1 :])
if "/bin/sh -c" in script and os.environ.get("GREETING"):
    print(os.environ["GREETING"], flush=True)
if "--sender" in words:
    script = os.environ.get("SENDER", script)
os.execvp("sh", ["sh", "-c", os.environ.get("NONSENSE", script)])
"""


class Place:
    """The directory on the host, and where its copy is in the guest."""

    def __init__(self, host: Path, guest: Path) -> None:
        self.host = host
        self.guest = guest


@pytest.fixture
def place(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    guest = tmp_path / "guest home"
    guest.mkdir()
    ssh = tmp_path / "my ssh"
    ssh.write_text(FAKE_SSH)
    ssh.chmod(stat.S_IRWXU)
    monkeypatch.setenv("SSH", f"'{ssh}'")
    monkeypatch.setenv("GUEST", str(guest))
    directory = make_instance(home, "default", f"{YAML}user:\n  home: {guest}\n  shell: /bin/sh\n")
    (directory / "ssh.config").write_text("Host lima-default\n  Port 60022\n")
    make_identity(home)
    host = tmp_path / "work" / "it's [1] *"
    host.mkdir(parents=True)
    for name in ("a", "b", "-c\nd"):
        (host / name).write_text(f"{name}\n")
    decoy = tmp_path / "work" / "it's 1 *"
    decoy.mkdir()
    monkeypatch.chdir(host)
    with pidfile.held(str(directory / "ha.pid")):
        yield Place(host, Path(f"{guest}{host}"))


def shell(script: str, *flags: str, directory: str = ".") -> list[str]:
    return ["shell", *flags, f"--sync={directory}", "default", "--", "sh", "-c", script]


def test_what_the_guest_has_changed_comes_back_and_the_copy_goes(place: Place) -> None:
    done = limactl_process(*shell("pwd; echo more >>a; rm b; mkdir new; echo x >new/x; chmod 755 ./-c*"))

    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{place.guest}\n"
    assert "1 added" not in done.stderr
    assert "2 added, 1 deleted, 1 modified, 1 metadata" in done.stderr
    assert (place.host / "a").read_text() == "a\nmore\n"
    assert not (place.host / "b").exists()
    assert (place.host / "new" / "x").read_text() == "x\n"
    assert (place.host / "-c\nd").stat().st_mode & 0o777 == 0o755
    assert not place.guest.exists()
    assert sorted(os.listdir(place.host.parent)) == ["it's 1 *", "it's [1] *"]


def test_without_a_change_only_the_copy_goes(place: Place) -> None:
    done = limactl_process(*shell("true"))

    assert done.returncode == 0
    assert "changed nothing" in done.stderr
    assert not place.guest.exists()


def test_a_failing_command_brings_nothing_back_and_tells_where_the_copy_is(place: Place) -> None:
    done = limactl_process(*shell("echo more >>a; exit 7"))

    assert done.returncode == 7
    assert (place.host / "a").read_text() == "a\n"
    assert (place.guest / "a").read_text() == "a\nmore\n"
    assert "limactl copy -r default:" in done.stderr
    assert "level=fatal" not in done.stderr


def test_what_an_earlier_session_has_left_is_kept_when_it_is_replaced(place: Place) -> None:
    limactl_process(*shell("echo precious >a; echo also >c; exit 1"))

    done = limactl_process(*shell("cat a; ls"))

    assert done.stdout.startswith("a\n")
    kept = next((Path(os.environ["GUEST"]) / ".lima-sync").iterdir())
    assert (kept / "a").read_text() == "precious\n"
    assert (kept / "c").read_text() == "also\n"
    assert str(kept) in done.stderr


def test_changes_of_the_host_meanwhile_are_neither_overwritten_nor_deleted(place: Place) -> None:
    host = place.host
    script = f"echo guest >a; rm b; echo guest >new; echo host! >'{host.parent}'/edit; sh '{host.parent}'/meanwhile"
    (host.parent / "meanwhile").write_text(
        'cd "$(dirname "$0")/it\'s [1] *"\nfor name in a b new fresh; do echo the host >$name; done\n'
    )

    done = limactl_process(*shell(script.replace("it's", "it'\"'\"'s")))

    assert done.returncode == 1
    assert [(host / name).read_text() for name in ("a", "b", "new", "fresh")] == ["the host\n"] * 4
    assert "changed on both sides" in done.stderr
    assert "a, b, new" in done.stderr
    assert (place.guest / "new").read_text() == "guest\n"


def test_a_lost_connection_keeps_both_sides(place: Place) -> None:
    done = limactl_process(*shell("echo guest >a"), LOST="1")

    assert done.returncode == 1
    assert (place.host / "a").read_text() == "a\n"
    assert (place.guest / "a").read_text() == "guest\n"
    assert "limactl copy -r default:" in done.stderr
    assert len(os.listdir(place.host.parent)) == 2


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may read everything")
def test_what_cannot_be_read_in_the_guest_keeps_both_sides(place: Place) -> None:
    done = limactl_process(*shell("echo guest >a; chmod 0 b"))

    assert done.returncode == 1
    assert "cannot be fetched" in done.stderr
    assert "make it readable" in done.stderr
    assert sorted(os.listdir(place.host)) == ["-c\nd", "a", "b"]
    assert (place.host / "a").read_text() == "a\n"


def test_a_copy_that_is_gone_deletes_nothing(place: Place) -> None:
    for script in ('rm -rf "$PWD"', 'rm -rf "$PWD"; ln -s / "$PWD"', 'rm -rf "$PWD"; echo >"$PWD"'):
        done = limactl_process(*shell(script))

        assert done.returncode == 1
        assert "gone" in done.stderr
        assert (place.host / "a").read_text() == "a\n"
        place.guest.unlink(missing_ok=True)


def test_a_place_in_the_guest_that_is_taken_is_refused(place: Place) -> None:
    place.guest.parent.mkdir(parents=True)
    place.guest.symlink_to("/tmp")

    done = limactl_process(*shell("true"))

    assert done.returncode == 1
    assert "something else" in done.stderr


def test_links_stay_links_and_those_that_lead_out_are_told(place: Place, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()

    done = limactl_process(*shell(f"ln -s a in; ln -s '{outside}' out; mkfifo pipe"))

    assert done.returncode == 0
    assert os.readlink(place.host / "in") == "a"
    assert os.readlink(place.host / "out") == str(outside)
    assert f"out -> {outside}" in done.stderr
    assert "not brought back: pipe" in done.stderr
    assert os.listdir(outside) == []


def test_a_second_command_on_the_same_directory_is_refused(place: Place) -> None:
    nested = f"'{sys.executable}' -P -m limavm shell --sync='{place.host}' default true".replace("it's", "it'\"'\"'s")

    done = limactl_process(*shell(nested))

    assert done.returncode == 1
    assert "another `limactl shell --sync`" in done.stderr


@pytest.mark.parametrize("flags", [("--workdir=/tmp",), ()])
def test_what_does_not_go_together_is_an_error(limactl: Run, place: Place, home: Path, flags: tuple[str, ...]) -> None:
    if not flags:
        text = (home / "default" / "lima.yaml").read_text()
        (home / "default" / "lima.yaml").write_text(text.replace("mounts: []", f"mounts:\n- location: {home.parent}"))

    done = limactl(*shell("true", *flags))

    assert done.code == 1
    assert ("--workdir" if flags else "without mounts") in done.message
    assert not place.guest.exists()


def test_what_cannot_be_is_said_before_a_start_is_offered(place: Place, home: Path) -> None:
    text = (home / "default" / "lima.yaml").read_text()
    (home / "default" / "lima.yaml").write_text(text.replace("mounts: []", f"mounts:\n- location: {home.parent}"))
    (home / "default" / "ha.pid").unlink()

    terminal = at_terminal("true")
    try:
        assert terminal.ended() == 1
        assert "without mounts" in terminal.shown
        assert "Start it now?" not in terminal.shown
    finally:
        terminal.close()


def test_an_empty_name_is_no_shell_without_a_copy(limactl: Run, place: Place) -> None:
    done = limactl(*shell("touch wrong", directory=""))

    assert done.code == 1
    assert "--sync names no directory" in done.message
    assert not place.guest.exists()


def test_a_missing_rsync_is_an_error_that_names_the_package(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))

    done = limactl_process(*shell("true"))

    assert done.returncode == 1
    if not Path("/usr/sbin/rsync").exists():
        assert "rsync" in done.stderr
        assert "install it" in done.stderr


def at_terminal(script: str) -> Terminal:
    return Terminal([sys.executable, "-P", "-m", "limavm", *shell(script)], columns=120)


def test_on_a_terminal_the_changes_are_asked_for(place: Place) -> None:
    terminal = at_terminal("echo more >>a; echo new >n")
    try:
        terminal.expect("(1 added, 0 deleted, 1 modified, 0 metadata)?")
        assert (place.host / "a").read_text() == "a\n"
        terminal.type("\r")
        assert terminal.ended() == 0
        assert (place.host / "a").read_text() == "a\nmore\n"
        assert not place.guest.exists()
    finally:
        terminal.close()


def test_what_the_host_changes_while_the_question_stands_is_left_and_not_counted(place: Place) -> None:
    terminal = at_terminal("echo more >>a; echo new >n")
    try:
        terminal.expect("(1 added, 0 deleted, 1 modified, 0 metadata)?")
        (place.host / "a").write_text("the host\n")
        terminal.type("\r")
        assert terminal.ended() == 1
        assert "brought back: 1 added, 0 deleted, 0 modified, 0 metadata" in terminal.shown
        assert "not everything was brought back" in terminal.shown
        assert (place.host / "a").read_text() == "the host\n"
        assert (place.guest / "a").read_text() == "a\nmore\n"
    finally:
        terminal.close()


def test_they_can_be_refused(place: Place) -> None:
    terminal = at_terminal("echo more >>a")
    try:
        terminal.expect("(0 added")
        terminal.type("discard\r")
        assert terminal.ended() == 0
        assert (place.host / "a").read_text() == "a\n"
        assert not place.guest.exists()
    finally:
        terminal.close()


def test_they_can_be_left_in_the_guest(place: Place) -> None:
    terminal = at_terminal("echo more >>a")
    try:
        terminal.expect("(0 added")
        terminal.type("for now\r")
        assert terminal.ended() == 0
        assert (place.host / "a").read_text() == "a\n"
        assert (place.guest / "a").exists()
    finally:
        terminal.close()


def test_they_can_be_viewed_and_are_asked_for_again(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGER", "cat")
    terminal = at_terminal("echo more >>a")
    try:
        terminal.expect("(0 added")
        terminal.type("view\r")
        terminal.expect("\x1b[32m+more")
        terminal.shown = terminal.shown.rpartition("+more")[2]
        terminal.expect("Enter accepts")
        terminal.type("\x03")
        assert terminal.ended() == 130
        assert "nothing was brought back" in terminal.shown
        assert (place.host / "a").read_text() == "a\n"
        assert (place.guest / "a").exists()
    finally:
        terminal.close()


@pytest.mark.parametrize(
    ("answer", "code", "host", "beside"),
    [("keep", 1, "host\n", None), ("beside", 0, "host\n", "guest\n"), ("overwrite", 0, "guest\n", None)],
)
def test_conflicts_are_asked_for(place: Place, answer: str, code: int, host: str, beside: str | None) -> None:
    terminal = at_terminal("echo guest >a; echo new >n; echo ready; read line")
    try:
        terminal.expect("ready")
        (place.host / "a").write_text("host\n")
        terminal.type("\n")
        terminal.expect("1 changed on both sides")
        terminal.type("\r")
        terminal.expect("changed on the host as well")
        terminal.type(f"{answer}\r")
        assert terminal.ended() == code
        assert (place.host / "a").read_text() == host
        assert (place.host / "n").read_text() == "new\n"
        found = place.host / "a.from-guest"
        assert (found.read_text() if found.exists() else None) == beside
        assert place.guest.exists() is bool(code)
    finally:
        terminal.close()


def test_what_is_fetched_can_be_entered_by_nobody_else_whatever_the_guest_has_made_of_its_directory(
    place: Place,
) -> None:
    terminal = at_terminal("chmod 777 .; echo more >>a")
    try:
        terminal.expect("(0 added")
        modes = [path.stat().st_mode & 0o777 for path in place.host.parent.glob(".lima-sync-*")]
        assert modes == [0o700]
        terminal.type("\r")
        assert terminal.ended() == 0
        assert (place.host / "a").read_text() == "a\nmore\n"
    finally:
        terminal.close()


#: Stands for an rsync whose target is on a disk without room, while there is a file FULL: it says what rsync says then.
FULL_DISK = """#!/bin/sh
for target; do :; done
case $target in */guest/) ;; *) exec {rsync} "$@" ;; esac
[ -e '{full}' ] || exec {rsync} "$@"
echo half >"$target/a"
echo "rsync: [receiver] write failed on \\"$target/a\\": No space left on device (28)" >&2
exit 11
"""


@pytest.fixture
def full(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that makes the host's disk full."""
    path = tmp_path / "full"
    path.touch()
    program = tmp_path / "bin" / "rsync"
    program.parent.mkdir()
    program.write_text(FULL_DISK.format(rsync=shutil.which("rsync"), full=path))
    program.chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return path


@pytest.mark.usefixtures("full")
def test_a_full_disk_of_the_host_leaves_it_as_it_was_and_tells_what_to_do(place: Place) -> None:
    done = limactl_process(*shell("echo guest >a; echo new >n; rm b"))

    assert done.returncode == 1
    assert "No space left on device" in done.stderr
    assert "make room on the host" in done.stderr
    assert "limactl copy -r default:" in done.stderr
    assert sorted(os.listdir(place.host)) == ["-c\nd", "a", "b"]
    assert (place.host / "a").read_text() == "a\n"
    assert (place.guest / "a").read_text() == "guest\n"
    assert len(os.listdir(place.host.parent)) == 2


def test_at_a_terminal_room_can_be_made_for_a_second_try(place: Place, full: Path) -> None:
    terminal = at_terminal("echo guest >a; echo new >n; rm b")
    try:
        terminal.expect("Not everything could be brought back:")
        assert "No space left on device" in terminal.shown
        full.unlink()
        terminal.type("again\r")
        terminal.expect("(1 added, 1 deleted, 1 modified, 0 metadata)?")
        terminal.type("\r")
        assert terminal.ended() == 0
        assert sorted(os.listdir(place.host)) == ["-c\nd", "a", "n"]
        assert (place.host / "a").read_text() == "guest\n"
        assert not place.guest.exists()
    finally:
        terminal.close()


@pytest.mark.usefixtures("full")
def test_a_second_try_can_be_left_for_later(place: Place) -> None:
    terminal = at_terminal("echo guest >a")
    try:
        terminal.expect("Not everything could be brought back:")
        terminal.type("later\x7f\x7f\x7f\x7f\x7ffor now\r")
        assert terminal.ended() == 1
        assert "nothing was brought back; the copy in the guest is kept" in terminal.shown
        assert (place.host / "a").read_text() == "a\n"
        assert (place.guest / "a").read_text() == "guest\n"
    finally:
        terminal.close()


#: On a disk of its own, which is small; one word from outside makes room.
SMALL_DISK = """
mount -t tmpfs -o size=400k none "$1" && mkdir "$1/p" && cd "$1/p" && echo a >a && echo b >b
head -c 200000 /dev/zero >../ballast
{ read -r _ <"$2"; rm ../ballast; } &
shift 2
"$@"
code=$?
cat a new b; wc -c <big; ls ..
exit $code
"""


@pytest.mark.skipif(not namespaces(), reason="no disk can be mounted here; the tests above stand in for one")
def test_a_disk_that_is_full_is_whole_and_takes_everything_when_there_is_room(place: Place, tmp_path: Path) -> None:
    word = tmp_path / "word"
    os.mkfifo(word)
    command = [sys.executable, "-P", "-m", "limavm", *shell("echo guest >a; rm b; head -c 300000 /dev/urandom >big")]
    unshare = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", SMALL_DISK, "sh"]
    terminal = Terminal([*unshare, str(place.host.parent), str(word), *command], columns=120)
    try:
        terminal.expect("Not everything could be brought back:")
        assert "No space left on device" in terminal.shown
        assert "make room on the host" in terminal.shown
        word.write_text("now\n")
        terminal.type("again\r")
        terminal.expect("(1 added, 1 deleted, 1 modified, 0 metadata)?")
        terminal.type("\r")
        assert terminal.ended() == 0
        rest = terminal.shown.rpartition("brought back: 1 added")[2]
        assert "guest" in rest
        assert "300000" in rest
        assert "ballast" not in rest
        assert ".lima-sync-" not in rest
    finally:
        terminal.close()


#: What a guest does in the place of its shell: its words are the command of ssh.
NONSENSE = {
    "no answer": "exit 0",
    "garbage": "head -c 3000 /dev/urandom",
    "escapes": "printf '\\033]0;title\\007kept?'",
    "without end": "yes",
    "an error": "echo '\033[31mno'>&2; exit 3",
}


@pytest.mark.parametrize("nonsense", NONSENSE)
def test_a_guest_that_speaks_nonsense_is_one_error(place: Place, nonsense: str) -> None:
    done = limactl_process(*shell("true"), NONSENSE=NONSENSE[nonsense])

    assert done.returncode == 1
    assert "guest" in done.stderr
    assert "Traceback" not in done.stderr
    assert "\x1b]" not in done.stderr
    assert len(done.stderr) < 5000
    assert (place.host / "a").read_text() == "a\n"


def test_a_guest_that_becomes_strange_in_the_meantime_changes_nothing(place: Place) -> None:
    for sender in ("yes", "exec sleep 0", "head -c 100000 /dev/urandom", "printf '\\033]0;t\\007' >&2; exit 12"):
        done = limactl_process(*shell("echo guest >a"), SENDER=sender)

        assert done.returncode == 1
        assert "cannot be fetched" in done.stderr
        assert "Traceback" not in done.stderr
        assert "\x1b]" not in done.stderr
        assert (place.host / "a").read_text() == "a\n"


def test_what_the_shell_of_the_guest_says_when_it_begins_is_no_answer(place: Place) -> None:
    done = limactl_process(*shell("echo guest >a"), GREETING="welcome; fortune says: kept")

    assert done.returncode == 0, done.stderr
    assert (place.host / "a").read_text() == "guest\n"


def test_ctrl_c_ends_the_command_and_keeps_the_copy(place: Place) -> None:
    terminal = at_terminal("echo guest >a; echo started; exec sleep 60")
    try:
        terminal.expect("started")
        terminal.interrupt()
        assert terminal.ended() in (255, 128 + signal.SIGINT)
        assert "limactl copy -r" in terminal.shown
        assert (place.host / "a").read_text() == "a\n"
        assert (place.guest / "a").read_text() == "guest\n"
    finally:
        terminal.close()
