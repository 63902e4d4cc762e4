"""The scripts, in the shells that they are for."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from limavm.cli.completion import script
from tests.unit.cli.harness import Run, Terminal, make_instance


@pytest.fixture
def shell_home(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with the scripts, `limactl` in PATH, and two instances."""
    for shell in ("bash", "fish", "zsh", "powershell"):
        (tmp_path / f"limactl.{shell}").write_text(script(shell))
    program = tmp_path / "bin" / "limactl"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -P -m limavm "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("TERM", "dumb")
    make_instance(home, "web")
    make_instance(home, "work")
    (tmp_path / "zz-file.yaml").write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def installed(shell: str) -> str:
    path = shutil.which(shell)
    if path is None:
        pytest.skip(f"{shell} is not installed")
    return path


def bash_replies(line: str) -> list[str]:
    """What the function for bash offers when TAB is pressed at the end of a line."""
    code = r"""
        source limactl.bash
        # Words are split as readline does it: at blanks, with = and : as words of their own.
        COMP_LINE=$1 COMP_POINT=${#1} COMP_TYPE=9 COMP_WORDS=()
        rest=$1
        while [[ -n $rest ]]; do
            if [[ $rest =~ ^[[:space:]]+ ]]; then rest=${rest:${#BASH_REMATCH}}; [[ -n $rest ]] || COMP_WORDS+=("")
            elif [[ $rest =~ ^[=:]+ ]]; then COMP_WORDS+=("$BASH_REMATCH"); rest=${rest:${#BASH_REMATCH}}
            elif [[ $rest =~ ^[^=:[:space:]]+ ]]; then COMP_WORDS+=("$BASH_REMATCH"); rest=${rest:${#BASH_REMATCH}}
            fi
        done
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        _limactl 2>/dev/null
        printf '%s\n' "${COMPREPLY[@]}"
    """
    done = subprocess.run(
        [installed("bash"), "--norc", "-c", code, "bash", line], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("limactl tim", ["timings"]),
        ("limactl stop w", ["web", "work"]),
        ("limactl stop web ", ["work"]),
        ("limactl --debug stop  wo", ["work"]),
        ("limactl start --arch=aar", ["aarch64"]),
        ("limactl start --arch=", ["x86_64", "aarch64", "riscv64", "armv7l", "s390x", "ppc64le"]),
        ("limactl start --network lima:u", ["user-v2"]),
        ("limactl start --network=lima:u", ["user-v2"]),
        ("limactl create --set .vmT", [".vmType="]),
        ("limactl create --set .vmType=", ["qemu", "vz", "wsl2"]),
        ("limactl create --set=.vmType=w", ["wsl2"]),
        ("limactl create --set=.ssh.loc", [".ssh.localPort="]),
        ("limactl create --port-forward 8080:80,s", ["80,static=true"]),
        ("limactl start --arch aar", ["aarch64"]),
        ("limactl create template:debian-1", ["debian-11", "debian-12", "debian-13"]),
        ("limactl create --name=x template:debian-13", ["debian-13"]),
        ("limactl stop --fo", ["--force"]),
        ("limactl frob ", []),
    ],
)
def test_bash(shell_home: Path, line: str, expected: list[str]) -> None:
    assert bash_replies(line) == expected


def test_bash_on_a_terminal_completes_names_and_files(shell_home: Path) -> None:
    terminal = Terminal([installed("bash"), "--norc", "-i"])
    try:
        terminal.type("PS1='> '; bind 'set bell-style none'; source limactl.bash; echo ready\n")
        terminal.expect("ready\r\n")
        terminal.type("limactl timi\t")
        terminal.expect("limactl timings ")
        for line, shown in (
            ("limactl create --set .vmT\tw\t", "--set .vmType=wsl2"),
            ("limactl create --set=.plain=t\t", "--set=.plain=true"),
            ("limactl create --set '.plain=f\t", "--set '.plain=false"),
            ("limactl edit we\t", "edit web "),
            ("limactl create --mount zz\t", "--mount zz-file.yaml"),
        ):
            terminal.type(f"\x15{line}")
            terminal.expect(shown)
        terminal.type("\x15limactl validate zz\t")
        terminal.expect("zz-file.yaml")
        terminal.type("\x15exit\n")
        terminal.ended()
    finally:
        terminal.close()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("limactl tim", ["timings\tShow how long each phase of the last start took"]),
        ("limactl stop w", ["web", "work"]),
        ("limactl stop web ", ["work"]),
        ("limactl start --arch=aar", ["--arch=aarch64"]),
        ("limactl start --arch aar", ["aarch64"]),
        ("limactl create --set .vmType=", [".vmType=qemu", ".vmType=vz", ".vmType=wsl2"]),
        ("limactl create --set=.vmType=w", ["--set=.vmType=wsl2"]),
        ("limactl create --network lima:u", ["lima:user-v2"]),
        (
            "limactl create template:debian-1",
            ["template:debian-11", "template:debian-12", "template:debian-13"],
        ),
        ("limactl validate zz", ["zz-file.yaml"]),
    ],
)
def test_fish(shell_home: Path, line: str, expected: list[str]) -> None:
    code = f"source limactl.fish; complete --do-complete '{line}'"
    done = subprocess.run(
        [installed("fish"), "--no-config", "-c", code], capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout.splitlines() == expected


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("limactl tim\t", "limactl timings "),
        ("limactl stop wo\t", "limactl stop work "),
        ("limactl start --arch=aar\t", "--arch=aarch64 "),
        ("limactl start --arch aar\t", "--arch aarch64 "),
        ("limactl create template:debian-13\t", "template:debian-13 "),
        ("limactl create --set .vmT\tw\t", "--set .vmType=wsl2"),
        ("limactl create --set=.plain=t\t", "--set=.plain=true"),
        ("limactl create --network lima:u\t", "--network lima:user-v2 "),
        ("limactl create --mount zz\t", "--mount zz-file.yaml"),
        ("limactl validate zz\t", "zz-file.yaml "),
        ("limactl stop w\t\t", "work"),
    ],
)
def test_zsh(shell_home: Path, line: str, shown: str) -> None:
    complete_in_zsh(line, shown)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("limactl list x\t", "limactl list x:y "),
        ("limactl list a\\ \t", "limactl list a\\ b "),
        ('limactl list "a\t', 'limactl list "a b" '),
        ("limactl create template:my\t", "template:my\\ dir/t\\ x "),
    ],
)
def test_zsh_quotes_what_is_special_to_it(shell_home: Path, home: Path, line: str, shown: str) -> None:
    for name in ("a b", "x:y"):
        make_instance(home, name)
    (home / "_templates/my dir").mkdir(parents=True)
    (home / "_templates/my dir/t x.yaml").touch()

    complete_in_zsh(line, shown)


def complete_in_zsh(line: str, shown: str) -> None:
    """Type the line into a zsh that has the script, until it shows the text."""
    terminal = Terminal([installed("zsh"), "-f", "-i"])
    try:
        terminal.type(
            "PS1='> '; unsetopt beep; autoload -U compinit && compinit -u -D; source ./limactl.zsh; echo rea''dy\n"
        )
        terminal.expect("ready\r\n")
        terminal.type(line)
        terminal.expect(shown)
        terminal.type("\x15exit\n")
    finally:
        terminal.close()


def test_zsh_takes_the_script_as_an_autoloaded_function(shell_home: Path) -> None:
    functions = shell_home / "functions"
    functions.mkdir()
    (functions / "_limactl").write_text(script("zsh"))
    terminal = Terminal([installed("zsh"), "-f", "-i"])
    try:
        terminal.type("PS1='> '; fpath=($PWD/functions $fpath); autoload -U compinit && compinit -u -D; echo rea''dy\n")
        terminal.expect("ready\r\n")
        terminal.type("limactl tim\t")
        terminal.expect("limactl timings ")
        terminal.type("\x15exit\n")
    finally:
        terminal.close()


@pytest.mark.parametrize("shell", ["bash", "fish", "zsh"])
def test_the_scripts_have_no_errors_of_syntax(shell_home: Path, shell: str) -> None:
    subprocess.run([installed(shell), "-n", f"limactl.{shell}"], check=True, timeout=60)


def test_powershell(shell_home: Path) -> None:
    code = ". ./limactl.powershell; (TabExpansion2 'limactl stop wo' 15).CompletionMatches.CompletionText"
    done = subprocess.run(
        [installed("pwsh"), "-NoProfile", "-Command", code], capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout.split() == ["work"]


@pytest.mark.parametrize("shell", ["bash", "fish", "zsh", "powershell"])
def test_descriptions_can_be_left_out(limactl: Run, shell: str) -> None:
    assert limactl("completion", shell).out == script(shell)
    assert "__completeNoDesc " in limactl("completion", shell, "--no-descriptions").out
