"""Bad input for every command there is: a clear message, the right exit code, and nothing half done.

The commands are those of the registration, so that a new one is tested here from its first day.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from limavm.cli import app
from tests.unit.cli.harness import YAML, Limactl, Run, make_instance
from tests.unit.cli.ordinary import as_ordinary_user

if sys.platform != "win32":
    import resource

#: Commands that do not take the name of something there is, and why.
OTHERS = {
    "hostagent": "it stays in this process for as long as its machine",
    "debug dns": "it serves for ever",
    "mcp serve": "it serves for ever",
    "__complete": "its words are anything",
    "__completeNoDesc": "its words are anything",
    "generate-doc": "every word is a directory that can be made",
    "mcp generate-doc": "every word is a directory that can be made",
    "help": "what is no topic is a note",
    "generate-jsonschema": "its words are files",
    "sudoers": "it is for macOS",
    "template url": "what it does not know is printed as it is",
    "yq-restrictions": "it is a text",
}
#: What a command wants besides, so that the name is what is wrong.
FLAGS = {
    "disk create": ["--size=1MiB"],
    "disk resize": ["--size=1MiB"],
    "network create": ["--gateway=192.168.42.1"],
    "network delete": ["--force"],
    **{f"snapshot {work}": ["--tag=t"] for work in ("apply", "create", "delete")},
}
#: By spec/cli.md, what is missing is only told of here: a log line, and 0.
LENIENT = {
    *("delete", "disk delete", "disk list", "disk unlock", "factory-reset"),
    *("network delete", "network list", "start-at-login"),
}
#: They need neither room nor a configuration.
FRUGAL = {"delete", "factory-reset", "protect"}
#: These make something of a name that nothing has.
MAKERS = {"create", "start", "disk create", "network create"}

NO_NAMES = [
    *("a/b", "../x", "../lima/dev", "/etc", ".", "..", "größe", "☃", "x" * 200, "a b", "x\n", "\x1b[31mred"),
    *("-", "-x", "--nope", "_config", "x:y", "", " ", "dev\udcff"),
]


def leaves(group: app.Group = app.ROOT, before: str = "") -> Iterator[tuple[str, app.Command]]:
    """All commands that do something, hidden ones too, by all of their words."""
    context = click.Context(group)
    for name in [entry.name for entry in group.entries] or list(group.commands):
        command = group.get_command(context, name)
        if isinstance(command, app.Group):
            yield from leaves(command, f"{before}{name} ")
        else:
            assert isinstance(command, app.Command)
            yield before + name, command


ALL = dict(leaves())
WITH_NAMES = [name for name, command in ALL.items() if command.most != 0 and name not in OTHERS]
WITHOUT_WORDS = [name for name, command in ALL.items() if command.most == 0]


#: What whoever asks makes, and what says nothing.
_NOTHING = {"_config", "_disks", "networks.yaml", ".config-cache.json"}


def line(command: str, name: str) -> list[str]:
    """The words of a command that is about `name` alone."""
    words = [*command.split(), *FLAGS.get(command, ())]
    if command == "copy":
        return [*words, f"{name}:x", "."]
    if command == "shell":
        return [*words, name, "true"]
    return [*words, *[name] * max(ALL[command].least, 1)]


def snapshot(directory: Path) -> dict[str, object]:
    """All that is below a directory: names, kinds and contents."""
    found: dict[str, object] = {}
    for path in directory.rglob("*"):
        if path.name in _NOTHING or path.relative_to(directory).parts[0] == "cache":
            continue
        info = path.lstat()
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        found[str(path)] = (info.st_mode, os.readlink(path) if path.is_symlink() else content)
    return found


def clear(done: Limactl) -> bool:
    """Whether a failure is told once, and a success is one."""
    return done.err.count("level=fatal") == done.code <= 1 and "defect" not in done.err


@pytest.fixture
def around(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The directory around LIMA_HOME, which is also the current one; `../x` could be an instance, and is none."""
    make_instance(home, "dev")
    make_instance(tmp_path, "x")
    monkeypatch.chdir(tmp_path)
    with open(os.devnull) as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        yield tmp_path


def test_the_table_of_exceptions_names_commands_that_exist() -> None:
    assert {*OTHERS, *FLAGS, *LENIENT, *MAKERS} <= set(ALL)


@pytest.mark.parametrize("command", WITH_NAMES)
def test_what_is_no_name_is_one_message_and_changes_nothing(limactl: Run, around: Path, command: str) -> None:
    before = snapshot(around)
    for name in NO_NAMES:
        if (not name and command in MAKERS) or ("/" in name and command == "copy"):
            continue  # as if there were no word: the default instance; a file of the host
        done = limactl(*line(command, name))

        assert clear(done), (name, done)
        assert snapshot(around) == before, name
        assert "\x1b" not in done.err, name


@pytest.mark.parametrize("command", sorted(set(WITH_NAMES) - MAKERS))
def test_a_name_of_nothing_is_told(limactl: Run, around: Path, command: str) -> None:
    before = snapshot(around)

    done = limactl(*line(command, "nope"))

    assert done.code == (command not in LENIENT), done
    assert clear(done), done
    assert "nope" in done.err or command == "autostart disable"  # which says that there is no systemd
    assert snapshot(around) == before


@pytest.mark.parametrize("command", WITHOUT_WORDS)
def test_a_word_too_many_is_refused(limactl: Run, around: Path, command: str) -> None:
    before = snapshot(around)

    done = limactl(*command.split(), "nope")

    assert clear(done)
    assert done.code == 1
    assert "argument" in done.message
    assert snapshot(around) == before


#: Those that end by themselves where there is such an instance.
OF_ONE = sorted(set(WITH_NAMES) - {"watch"})


def about_dev(command: str) -> list[str]:
    """The words of a command that is about the instance `dev`, or makes it of `template.yaml`."""
    words = line(command, "dev")
    return [command, "--name=dev", "template.yaml"] if command in ("create", "start") else words


@pytest.mark.parametrize("text", ["cpus: [", "cpus: many\n", None])
def test_a_broken_instance_is_one_message_and_stays_as_it_is(limactl: Run, around: Path, text: str | None) -> None:
    config = around / "lima" / "dev" / "lima.yaml"
    config.unlink() if text is None else config.write_text(text)
    before = snapshot(around)
    for command in sorted({*OF_ONE} - MAKERS - FRUGAL):
        done = limactl(*about_dev(command))

        assert clear(done), (command, done)
        assert snapshot(around) == before, (command, done)


def _is_a_file(home: Path) -> None:
    home.rmdir()
    home.write_text("")


def _dangles(home: Path) -> None:
    home.rmdir()
    home.symlink_to("/sys/nothing/there")


def _is_a_loop(home: Path) -> None:
    home.rmdir()
    home.symlink_to(home)


def _is_read_only(home: Path) -> None:
    make_instance(home, "dev")
    (home / "dev").chmod(0o500)
    home.chmod(0o500)


def _is_shut(home: Path) -> None:
    make_instance(home, "dev")
    home.chmod(0)


HOMES = [_is_a_file, _dangles, _is_a_loop, _is_read_only, _is_shut]


@pytest.mark.parametrize("spoil", HOMES)
def test_a_lima_home_that_cannot_be_used_is_one_message(
    limactl: Run, home: Path, tmp_path: Path, spoil: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    template = tmp_path / "template.yaml"
    template.write_text(YAML)
    spoil(home)
    before = set(os.listdir(tmp_path))
    with as_ordinary_user():
        for command in OF_ONE:
            done = limactl(*about_dev(command))

            assert clear(done), (command, done)
            assert done.code or command not in MAKERS, (command, done)
    home.chmod(0o700) if home.is_dir() else None
    assert set(os.listdir(tmp_path)) - before <= {"cache"}


ODD_HOMES = ["a b 'c' \"d\"", "größe ☃", "x:y,z=%h$HOME`id`;&|\\", "tab\tnew\nline", "-dash", ".hidden", "\x1b[31mred"]


@pytest.mark.parametrize("odd", ODD_HOMES)
def test_lima_home_may_have_any_name(limactl: Run, around: Path, odd: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (around / "template.yaml").write_text(YAML)
    usual = [about_dev(command) for command in sorted(set(OF_ONE) - FRUGAL)]
    expected = [limactl(*words).code for words in usual]
    make_instance(make_home(around / odd, monkeypatch), "dev")
    before = snapshot(around)

    done = [limactl(*words) for words in usual]

    assert all(clear(one) and "\x1b" not in one.err for one in done), done
    assert [one.code for one in done] == expected
    assert limactl("list", "--format={{.Dir}}", "dev").out == f"{around}/{odd}/dev\n"
    assert snapshot(around) == before


def make_home(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A LIMA_HOME at that place, set."""
    place.mkdir()
    monkeypatch.setenv("LIMA_HOME", str(place))
    return place


#: What has to open sockets in the directory, now or one day.
OF_SOCKETS = ["clone dev new", "create --name=new template.yaml", "rename dev new", "start dev", "restart dev"]


@pytest.mark.parametrize("command", OF_SOCKETS)
def test_a_lima_home_too_long_for_sockets_is_told_before_anything_is_made(
    limactl: Run, around: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (around / "template.yaml").write_text(YAML)
    make_instance(make_home(around / ("x" * 100), monkeypatch), "dev")
    before = snapshot(around)

    done = limactl(*command.split())

    assert (clear(done), done.code) == (True, 1)
    assert "too long for sockets" in done.err
    assert snapshot(around) == before


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="names are bytes there")
def test_a_lima_home_that_is_no_text_is_one_message(
    limactl: Run, around: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_instance(make_home(around / "\udcff", monkeypatch), "dev")
    (around / "template.yaml").write_text(YAML)
    for command in OF_ONE:
        done = limactl(*about_dev(command))

        assert clear(done), (command, done)
    assert "not UTF-8" in limactl("list").err


@pytest.mark.parametrize("most", [0, 10])
def test_a_disk_that_is_full_is_told_and_costs_nothing(
    limactl: Run, around: Path, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    (around / "template.yaml").write_text(YAML)
    make_instance(around / "lima", "other")
    before = snapshot(around)
    for command in sorted({*OF_ONE, "prune", "info", "network list"} - FRUGAL):
        with files_of_at_most(most):
            done = limactl(*about_dev(command))

        assert clear(done), (command, done)
        assert snapshot(around) == before, (command, done)


#: What writes, about an instance `dev`, a disk `old` and a network `mine`; FILE is a qcow2 image elsewhere.
WRITING = [
    *("clone dev new", "clone dev new --cpus=3", "rename dev new", "rename dev new --cpus=3"),
    *("edit dev --cpus=3 --tty=false", "protect dev"),
    *("create --name=new ../template.yaml", "start --name=new ../template.yaml", "start dev", "restart dev"),
    *("disk create d --size=1MiB", "disk import d ../image", "disk resize old --size=2MiB"),
    *("network create n --gateway=192.168.43.1", "network delete --force mine", "factory-reset dev", "list --json"),
    *("template copy ../template.yaml out.yaml", "generate-jsonschema --schemafile=out.json ../template.yaml"),
    *("prune", "info", "delete dev", "disk delete old"),
]


@pytest.mark.skipif(not shutil.which("unshare") or not shutil.which("qemu-img"), reason="needs unshare and qemu-img")
def test_a_full_file_system_is_told_and_nothing_is_left_half_done(tmp_path: Path) -> None:
    mounted = 'mount -t tmpfs -o size=1m none "$1" && shift && exec "$@"'
    inside = ["unshare", "-Urm", "sh", "-c", mounted, "sh"]
    (tmp_path / "full").mkdir()
    if subprocess.run([*inside, str(tmp_path / "full"), "true"], capture_output=True, check=False).returncode:
        pytest.skip("no user namespace may be made here")
    # The image cannot be had, so that no machine starts where there is room.
    (tmp_path / "template.yaml").write_text(YAML)
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", str(tmp_path / "image"), "1M"], check=True)

    script = [sys.executable, "-m", "tests.unit.cli.fulldisk", str(tmp_path / "full"), "\n".join(WRITING)]
    argv, root = [*inside, str(tmp_path / "full"), *script], Path(__file__).parents[3]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, cwd=root)

    assert done.returncode == 0, done.stderr
    outcomes = json.loads(done.stdout)
    assert len(outcomes) == 2 * len(WRITING)
    for outcome in outcomes:
        assert outcome["err"].count("level=fatal") == outcome["code"] <= 1, outcome
        assert "Traceback" not in outcome["err"], outcome
        assert not outcome["code"] or not outcome["changed"], outcome
    assert sum("No space left" in outcome["err"] for outcome in outcomes) > len(WRITING) / 2


@contextlib.contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """No file grows beyond `size` bytes, as if the disk were full."""
    if sys.platform == "win32":
        pytest.skip("there is no such limit")
    else:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
