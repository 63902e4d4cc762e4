"""Which virtiofsd there is, and its command line."""

import json
import sys
from pathlib import Path

import msgspec
import pytest

from limavm.driver.qemu.virtiofsd import (
    Daemon,
    Dialect,
    Sandbox,
    argv,
    candidates,
    choose,
    description_directories,
    examine,
    keeper_order,
    sandbox,
)
from limavm.errors import UserError
from limavm.model.machine import Share

RUST_HELP = "Usage: virtiofsd [OPTIONS]\n      --shared-dir <DIR>\n      --fd <FD>\n      --readonly\n"
C_HELP = "usage: virtiofsd [options]\n    -o source=PATH    shared directory tree\n    --fd=FDNUM  fd number\n"
SHARE = Share(tag="lima-0", location="/home/ann")
WRITABLE = Share(tag="lima-0", location="/home/ann", writable=True)
NEW = frozenset(("--readonly", "--xattr", "--modcaps", "--translate-uid", "--thread-pool-size", "--announce-submounts"))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def a_program(directory: Path, name: str, script: str, kind: str = "fs") -> str:
    program = directory / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    (directory / f"{name}.json").write_text(json.dumps({"type": kind, "binary": str(program)}))
    return str(program)


def says(text: str) -> str:
    return f"cat <<'END'\n{text}\nEND"


def daemon(dialect: Dialect = Dialect.RUST, options: frozenset[str] = NEW) -> Daemon:
    return Daemon(program="/usr/libexec/virtiofsd", dialect=dialect, options=options)


def command(found: Daemon, share: Share, uid: int = 0, box: Sandbox = Sandbox.NAMESPACE) -> str:
    return " ".join(argv(found, share, uid=uid, gid=uid, box=box))


def test_the_dialect_is_told_by_the_help(tmp_path: Path) -> None:
    rust = examine(a_program(tmp_path, "rust", says(RUST_HELP)))
    c = examine(a_program(tmp_path, "c", says(C_HELP)))

    assert rust
    assert c
    assert (rust.dialect, c.dialect) == (Dialect.RUST, Dialect.C)
    assert "--readonly" in rust.options


@pytest.mark.parametrize("script", ["exit 1", "echo hello", "kill -9 $$"])
def test_what_does_not_answer_as_a_virtiofsd_is_none(tmp_path: Path, script: str) -> None:
    assert examine(a_program(tmp_path, "other", script)) is None


def test_a_program_is_asked_once(tmp_path: Path) -> None:
    program = a_program(tmp_path, "rust", f"echo x >>{tmp_path}/asked; {says(RUST_HELP)}")

    examine(program)
    examine(program)

    assert (tmp_path / "asked").read_text() == "x\n"


def test_descriptions_are_looked_for_from_the_user_to_the_system() -> None:
    assert description_directories("/opt/q/bin/qemu", "/home/ann") == [
        "/home/ann/.local/share/qemu/vhost-user",
        "/opt/q/share/qemu/vhost-user",
        "/usr/share/qemu/vhost-user",
    ]


def test_described_programs_come_before_those_at_usual_places_and_in_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_program(tmp_path, "10-gpu", "exit 0", kind="gpu")
    described = a_program(tmp_path, "50-good", "exit 0")
    (tmp_path / "30-broken.json").write_text("{")
    (tmp_path / "31-gone.json").write_text('{"type":"fs","binary":"/nowhere/virtiofsd"}')
    programs = tmp_path / "bin"
    programs.mkdir()
    in_path = a_program(programs, "virtiofsd", "exit 0")
    monkeypatch.setenv("PATH", str(programs))

    found = list(candidates([str(tmp_path / "absent"), str(tmp_path)]))

    assert found[0] == described
    assert found[-1] == in_path


def test_a_user_gets_the_one_in_rust(tmp_path: Path) -> None:
    c, rust = a_program(tmp_path, "c", says(C_HELP)), a_program(tmp_path, "rust", says(RUST_HELP))

    assert choose([c, rust], uid=1000).program == rust
    assert choose([c, rust], uid=0).program == c


def test_the_one_in_c_is_refused_to_a_user(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="only root can use this virtiofsd") as caught:
        choose([a_program(tmp_path, "c", says(C_HELP))], uid=1000)

    assert caught.value.hint
    assert "9p" in caught.value.hint


def test_a_missing_virtiofsd_is_an_error() -> None:
    with pytest.raises(UserError, match="virtiofsd is not installed"):
        choose([], uid=0)


def test_the_one_in_rust_is_told_to_serve_read_only() -> None:
    assert command(daemon(), SHARE).endswith("--readonly")
    assert "--readonly" not in command(daemon(), WRITABLE)


@pytest.mark.parametrize("found", [daemon(options=frozenset()), daemon(Dialect.C)])
def test_one_that_cannot_serve_read_only_is_confined(found: Daemon) -> None:
    words = argv(found, SHARE, uid=0, gid=0, box=Sandbox.NAMESPACE)

    confined = [sys.executable, "-P", "-m", "limavm.virtiofs.confine", "/home/ann", "/usr/libexec/virtiofsd"]
    assert words[:6] == confined
    assert argv(found, WRITABLE, uid=0, gid=0, box=Sandbox.NAMESPACE)[0] == "/usr/libexec/virtiofsd"


def test_a_share_that_could_not_be_kept_read_only_is_refused() -> None:
    with pytest.raises(UserError, match="read-only"):
        argv(daemon(options=frozenset()), SHARE, uid=1000, gid=1000, box=Sandbox.NONE)


def test_requests_are_finished_in_order() -> None:
    assert "--thread-pool-size 0" in command(daemon(), SHARE)
    assert "--thread-pool-size=0" in command(daemon(Dialect.C), SHARE)


def test_root_in_the_guest_makes_no_device_files_on_the_host() -> None:
    assert "--modcaps=-mknod:-setfcap" in command(daemon(), SHARE)
    assert "modcaps=-mknod:-setfcap" in command(daemon(Dialect.C), SHARE)


def test_the_files_of_a_user_are_the_users_whoever_makes_them() -> None:
    line = command(daemon(), SHARE, uid=1000)

    assert "--translate-uid squash-guest:0:1000:4294967295 --translate-gid squash-guest:0:1000:4294967295" in line
    assert "--modcaps" not in line


def test_only_options_that_it_has_are_used() -> None:
    line = command(daemon(options=frozenset()), WRITABLE, uid=1000)

    assert line == "/usr/libexec/virtiofsd --fd {fd} --shared-dir /home/ann --sandbox namespace"


def test_a_comma_in_a_directory_ends_no_option_of_the_one_in_c() -> None:
    share = Share(tag="lima-0", location="/a,b\\c", writable=True)

    assert "source=/a\\,b\\\\c" in argv(daemon(Dialect.C), share, uid=0, gid=0, box=Sandbox.NAMESPACE)


def test_root_needs_no_user_namespace() -> None:
    assert sandbox(0) is Sandbox.NAMESPACE


def test_a_host_without_user_namespaces_gives_no_sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_program(tmp_path, "unshare", "exit 1")
    monkeypatch.setenv("PATH", str(tmp_path))

    assert sandbox(1000) is Sandbox.NONE


def test_the_keeper_is_told_whether_requests_are_finished_in_any_order() -> None:
    order = msgspec.json.decode(keeper_order(daemon(Dialect.C), SHARE, ["/bin/true"], "/inst/virtiofsd-0.sock"))

    assert order["accounts"] is True
    assert order["status"] == "/inst/virtiofsd-0.status"
    assert order["share"]["tag"] == "lima-0"
