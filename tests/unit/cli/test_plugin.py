"""Programs called `limactl-NAME` as commands."""

import os
import sys
from pathlib import Path

import pytest

from limavm.cli.complete import complete
from limavm.cli.positionals import DEFAULT
from tests.fakes.programs import install
from tests.unit.cli.harness import Run, limactl_process

if sys.platform == "win32":
    pytest.skip("programs in sh", allow_module_level=True)

GREET = """#!/bin/sh
# <limactl-desc> Greets people </limactl-desc>
for word; do echo "$word"; done
echo "$LIMA_HOME" >&2
exit 7
"""


@pytest.fixture
def greet(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return install("limactl-greet", GREET, tmp_path, monkeypatch)


def test_a_plugin_gets_all_words_after_its_name_and_its_exit_code_is_ours(greet: Path, home: Path) -> None:
    done = limactl_process("--debug", "greet", "--help", "-x", "a b", "--", "--log-level=nonsense", "")

    assert done.stdout.splitlines() == ["--help", "-x", "a b", "--", "--log-level=nonsense", ""]
    assert done.stderr == f"{home}\n"
    assert done.returncode == 7


def test_global_flags_before_the_name_are_ours(greet: Path) -> None:
    done = limactl_process("--log-level=nonsense", "greet")

    assert (done.returncode, done.stdout) == (1, "")
    assert "log level" in done.stderr


def test_a_plugin_finds_limactl_and_other_plugins(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install("limactl-path", '#!/bin/sh\necho "$PATH"\n', tmp_path, monkeypatch)

    found = limactl_process("path").stdout.strip().split(os.pathsep)
    assert str(tmp_path / "bin") in found
    assert all(map(os.path.isabs, found))


def test_help_and_completion_show_plugins_with_what_they_say_of_themselves(limactl: Run, greet: Path) -> None:
    out = limactl("--help").out

    _, _, plugins = out.partition("Plugins (experimental):\n")
    assert "  greet  Greets people\n" in plugins.split("\n\n")[0] + "\n"
    assert ("greet", "Greets people") in complete(["gr"])[0]
    assert complete(["greet", "x", ""]) == ([], DEFAULT)
    assert limactl("help", "greet").out.startswith("Greets people\n")
    assert "\tgreet" in limactl("gret").message


def test_plugins_of_locators_are_not_shown(
    limactl: Run, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("limactl-url-mine", GREET, tmp_path, monkeypatch)

    assert "url-mine" not in limactl("--help").out
    assert limactl_process("url-mine", "x").stdout == "x\n"


def test_a_built_in_command_wins(limactl: Run, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("limactl-list", "limactl-ls"):
        install(name, GREET, tmp_path, monkeypatch)

    assert limactl_process("--tty=false", "list").returncode == 0
    out = limactl("--help").out
    assert (out.count("\n  list "), out.count("\n  ls ")) == (1, 0)


def test_what_a_plugin_says_of_itself_does_not_drive_the_terminal(
    limactl: Run, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("limactl-evil", "#!/bin/sh\n# <limactl-desc>\x1b[2J</limactl-desc>\n", tmp_path, monkeypatch)

    assert "\x1b" not in limactl("--help").out


@pytest.mark.parametrize("text", ["\x7fELF nonsense", "#!/nowhere/interpreter\n"])
def test_a_plugin_that_cannot_be_started_is_one_message(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    install("limactl-broken", text, tmp_path, monkeypatch)

    done = limactl_process("broken")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "limactl-broken" in done.stderr


@pytest.mark.parametrize("name", ["../bin/greet", "greet/", "x" * 200, "größe", "a\x1b"])
def test_what_is_no_plugin_is_an_unknown_command(limactl: Run, greet: Path, name: str) -> None:
    assert limactl(name).message.startswith("unknown command ")
