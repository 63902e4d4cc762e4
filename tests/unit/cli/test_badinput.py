"""Bad input for every command there is: a clear message, the right exit code, and nothing half done.

The commands are those of the registration, so that a new one is tested here from its first day.
"""

import contextlib
import os
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
