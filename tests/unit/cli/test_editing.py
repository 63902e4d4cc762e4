"""`limactl edit`."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from limavm.host import pidfile
from limavm.host.files import locked
from tests.unit.cli.harness import YAML, Run, Terminal, make_instance

COMMENTED = "# mine\n" + YAML.replace("cpus: 2", "cpus: 2  # few")


@pytest.fixture
def dev(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    return make_instance(home, "dev", COMMENTED) / "lima.yaml"


@pytest.fixture
def rejected(tmp_path: Path) -> Path:
    return tmp_path / "here" / "lima.REJECTED.yaml"


Edit = Callable[..., Terminal]


@pytest.fixture
def edit(dev: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Edit]:
    """`limactl edit dev` on a terminal with a shell script as the editor of the file `$1`."""
    terminals = []

    def run(script: str, *args: str) -> Terminal:
        editor = tmp_path / "ed"
        editor.write_text(f"#!/bin/sh\n{script}\n")
        editor.chmod(0o755)
        monkeypatch.setenv("EDITOR", str(editor))
        argv = [sys.executable, "-P", "-m", "limavm", "edit", *(args or ("dev",))]
        terminals.append(Terminal(argv, cwd=str(tmp_path / "here")))
        return terminals[-1]

    yield run
    for terminal in terminals:
        terminal.close()


def test_flags_change_what_they_say_and_nothing_else(limactl: Run, dev: Path) -> None:
    done = limactl("edit", "--tty=false", "--cpus=4", "--set", '.env.A = "b"', "dev")

    assert done.code == 0
    assert dev.read_text() == COMMENTED.replace("cpus: 2", "cpus: 4") + "env:\n  A: b\n"
    assert "was changed" in done.message


def test_without_flags_and_a_terminal_nothing_happens(limactl: Run, dev: Path) -> None:
    done = limactl("edit", "--tty=false", "--start", "dev")

    assert done.code == 0
    assert dev.read_text() == COMMENTED
    assert "level=info" in done.err


def test_flags_that_change_nothing_start_nothing(limactl: Run, dev: Path) -> None:
    limactl("edit", "--tty=false", "--cpus=4", "dev")
    done = limactl("edit", "--tty=false", "--cpus=4", "--start", "dev")

    assert done.code == 0
    assert "the text is the same" in done.message


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        (["--vm-type=frob"], "frob"),
        (["--disk=5"], "cannot shrink"),
        (["--set", ".cpus = []"], "cpus"),
        (["--mount-type=floppy"], "mountType"),
    ],
)
def test_a_change_that_is_not_taken_is_kept_beside(
    limactl: Run, dev: Path, rejected: Path, flags: list[str], problem: str
) -> None:
    done = limactl("edit", "--tty=false", *flags, "dev")

    assert done.code == 1
    assert problem in done.message
    assert str(rejected) in done.message
    assert rejected.exists()
    assert dev.read_text() == COMMENTED


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        (".cpus =", "--set"),
        ('.env.A = load("/etc/passwd")', "--set"),
        (".env.A = env(HOME)", "--set"),
        ('.env.A = system("id")', "--set"),
        (".cpus = (1", "--set"),
    ],
)
def test_a_bad_expression_is_pointed_at(limactl: Run, dev: Path, expression: str, problem: str) -> None:
    done = limactl("edit", "--tty=false", "--cpus=3", "--set", expression, "--memory=2", "dev")

    assert done.code == 1
    assert problem in done.message
    assert "^" in done.message
    assert expression.split()[-1] in done.message
    assert dev.read_text() == COMMENTED


@pytest.mark.parametrize(
    ("expression", "hint"),
    [
        (".vmType=qemu", """'.vmType="qemu"'"""),
        (".user.shell = /bin/zsh | .cpus = 1", """'.user.shell = "/bin/zsh" | .cpus = 1'"""),
    ],
)
def test_a_text_without_quotes_is_shown_with_them(limactl: Run, dev: Path, expression: str, hint: str) -> None:
    done = limactl("edit", "--tty=false", "--set", expression, "dev")

    assert done.code == 1
    assert f"texts need quotes: {hint}" in done.message


@pytest.mark.parametrize(
    ("expression", "hint"),
    [
        ("cpus = 4", "'.cpus = 4'"),
        ("cpus=4", "'.cpus=4'"),
        (".cpus = 2 | mounts[0].writable |= true", "'.cpus = 2 | .mounts[0].writable |= true'"),
        ("memory", "'.memory'"),
    ],
)
def test_a_key_without_its_dot_is_shown_with_it(limactl: Run, dev: Path, expression: str, hint: str) -> None:
    done = limactl("edit", "--tty=false", "--set", expression, "dev")

    assert done.code == 1
    assert f"a key begins with a dot: {hint}" in done.message


def test_a_variable_of_the_shell_that_came_here_is_explained(limactl: Run, dev: Path) -> None:
    done = limactl("edit", "--tty=false", "--set", ".env.A=$HOME", "dev")

    assert "replaced by the shell, between double quotes" in done.message


@pytest.mark.parametrize("expression", ["foo(.)", ".cpus = foo(1)", "cups == 2", ".a..b", ".x = {a"])
def test_other_unknown_words_are_not_taken_for_keys(limactl: Run, dev: Path, expression: str) -> None:
    assert "begins with a dot" not in limactl("edit", "--tty=false", "--set", expression, "dev").message


@pytest.mark.parametrize("expression", [".cpus", ".cpus == 4", "select(false)"])
def test_an_expression_that_changes_nothing_but_picks_is_named(limactl: Run, dev: Path, expression: str) -> None:
    before = dev.read_text()

    done = limactl("edit", "--tty=false", "--set", ".env.A = 1", "--set", expression, "--set", ".cpus = 1", "dev")

    assert done.code == 1
    assert "the expression of the flag --set gives a part of the configuration" in done.message
    assert f"where: {expression}\n" in done.message
    assert dev.read_text() == before


def test_a_value_that_yq_takes_apart_is_one_value(limactl: Run, dev: Path) -> None:
    value = r"""\(load("x")) \n " ' ${A}"""

    assert limactl("edit", "--tty=false", f"--shell=/{value}", "--set", '.env.A = "x"', "dev").code == 0
    assert yaml.safe_load(dev.read_text())["user"]["shell"] == f"/{value}"


def test_warnings_name_the_file_that_has_the_text_now(limactl: Run, dev: Path) -> None:
    done = limactl("edit", "--tty=false", "--mount=/nowhere/at/all", "dev")

    assert done.code == 0
    assert f"{dev}:" in done.err
    assert "REJECTED" not in done.err


def test_a_param_must_stand_in_the_file_itself(limactl: Run, dev: Path, home: Path) -> None:
    (home / "_config").mkdir()
    (home / "_config" / "default.yaml").write_text("param: {B: x}\n")
    dev.write_text(COMMENTED + 'param: {A: a}\nprovision:\n- script: "echo $PARAM_A"\n')

    assert "no param 'B'" in limactl("edit", "--tty=false", "--param=B=1", "dev").message
    assert limactl("edit", "--tty=false", "--param=A=x y", "dev").code == 0
    assert "A: x y" in dev.read_text()


def test_an_instance_that_is_missing(limactl: Run, home: Path) -> None:
    done = limactl("edit", "--tty=false", "--cpus=4", "nope")

    assert done.code == 1
    assert "there is no instance 'nope'" in done.message
    assert "'default'" in limactl("edit", "--tty=false").message


def test_an_instance_that_runs_is_not_edited(limactl: Run, dev: Path) -> None:
    with pidfile.held(str(dev.parent / "ha.pid")):
        done = limactl("edit", "--tty=false", "--cpus=4", "dev")

    assert done.code == 1
    assert "limactl stop dev" in done.message
    assert dev.read_text() == COMMENTED


def test_an_instance_that_another_command_holds_is_not_edited(limactl: Run, dev: Path) -> None:
    with locked(str(dev.parent)):
        done = limactl("edit", "--tty=false", "--cpus=4", "dev")

    assert done.code == 1
    assert "another limactl command" in done.message


def test_yes_is_deprecated_here(limactl: Run, dev: Path) -> None:
    assert "--yes is deprecated" in limactl("edit", "--yes", "dev").err
    assert "deprecated" not in limactl("list", "--yes").err


def test_an_instance_that_is_broken_can_be_mended(edit: Edit, dev: Path) -> None:
    dev.write_text("cpus: many\n")
    terminal = edit(f"cat >>$1 <<'END'\n{YAML}END\nsed -i /many/d $1")

    terminal.expect("now? (Y/n)")
    terminal.type("n\r")

    assert terminal.ended() == 0
    assert dev.read_text() == YAML


@pytest.mark.parametrize(("answer", "code"), [("n\r", 0), ("\x04", 1), (None, 130)])
def test_the_editor_changes_the_text_and_the_user_is_asked_about_a_start(
    edit: Edit, dev: Path, answer: str | None, code: int
) -> None:
    terminal = edit("grep -q '^# An empty file' $1 && sed -i 's/few/more/' $1")

    terminal.expect("now? (Y/n)")
    terminal.interrupt() if answer is None else terminal.type(answer)

    assert terminal.ended() == code
    assert dev.read_text() == COMMENTED.replace("few", "more")


@pytest.mark.parametrize("flag", ["--start=false", "--start"])
def test_the_question_is_answered_by_a_flag(edit: Edit, dev: Path, flag: str) -> None:
    terminal = edit("sed -i 's/few/more/' $1", flag, "dev")

    # There is no image to start from.
    assert terminal.ended() == (flag == "--start")
    assert "now?" not in terminal.shown
    assert dev.read_text() == COMMENTED.replace("few", "more")


@pytest.mark.parametrize(
    ("script", "code", "said"),
    [
        (":", 0, "the text is the same"),
        (": >$1", 0, "left empty"),
        ("printf ' \\n\\n' >$1", 0, "left empty"),
        ("exit 3", 1, "exit status 3"),
        ("rm $1", 0, "left empty"),
    ],
)
def test_what_is_no_change(edit: Edit, dev: Path, rejected: Path, script: str, code: int, said: str) -> None:
    terminal = edit(script)

    assert terminal.ended() == code
    assert said in terminal.shown
    assert "Traceback" not in terminal.shown
    assert "now?" not in terminal.shown
    assert dev.read_text() == COMMENTED
    assert not rejected.exists()


def test_an_editor_that_fails_changes_nothing_and_what_it_saved_is_kept(edit: Edit, dev: Path, rejected: Path) -> None:
    terminal = edit("sed -i s/few/more/ $1; exit 3")

    assert terminal.ended() == 1
    assert "exit status 3" in terminal.shown
    assert dev.read_text() == COMMENTED
    assert rejected.read_text() == COMMENTED.replace("few", "more")


def test_ctrl_c_in_the_editor_leaves_everything_as_it_was(edit: Edit, dev: Path, rejected: Path) -> None:
    # Without a trap, dash forgets a signal that comes just before it starts the next program.
    terminal = edit("trap 'exit 2' INT; echo 'cpus: 9' >>$1; echo editing; while :; do sleep 0.05; done")

    terminal.expect("editing")
    terminal.interrupt()

    assert terminal.ended() == 130
    assert dev.read_text() == COMMENTED
    assert not rejected.exists()
    with locked(str(dev.parent), wait=False):
        pass


def test_an_editor_for_which_ctrl_c_means_something_else_goes_on(edit: Edit, dev: Path) -> None:
    terminal = edit("trap 'echo heard' INT; echo editing; read x; sed -i s/few/more/ $1", "--start=false", "dev")

    terminal.expect("editing")
    terminal.interrupt()
    terminal.type("\r")

    assert terminal.ended() == 0
    assert dev.read_text() == COMMENTED.replace("few", "more")


@pytest.mark.parametrize("line", ["cpus: many", "\t", "disk: 1GiB", "base: template:debian"])
def test_what_was_typed_is_kept_when_it_is_not_taken(edit: Edit, dev: Path, rejected: Path, line: str) -> None:
    terminal = edit(f"sed -i /disk/d $1; printf '%s\\n# precious\\n' '{line}' >>$1")

    assert terminal.ended() == 1
    assert "# precious" in rejected.read_text()
    assert "now?" not in terminal.shown
    assert dev.read_text() == COMMENTED


def test_a_text_that_changed_meanwhile_is_not_overwritten(edit: Edit, dev: Path, rejected: Path) -> None:
    terminal = edit(f"sed -i s/few/mine/ $1; sed -i s/few/theirs/ {dev}")

    assert terminal.ended() == 1
    assert "changed by somebody else" in terminal.shown
    assert dev.read_text() == COMMENTED.replace("few", "theirs")
    assert rejected.read_text() == COMMENTED.replace("few", "mine")


def test_other_commands_are_told_of_the_editor(edit: Edit, limactl: Run, dev: Path) -> None:
    terminal = edit("echo editing; read x")
    terminal.expect("editing")

    for args in (["edit", "--tty=false", "--cpus=4", "dev"], ["start", "--tty=false", "dev"], ["delete", "dev"]):
        done = limactl(*args)
        assert done.code == 1
        assert "another limactl command is at work on instance 'dev'" in done.message
    terminal.type("\r")

    assert terminal.ended() == 0


def test_a_file_is_edited_without_a_question(edit: Edit, tmp_path: Path) -> None:
    file = tmp_path / "here" / "mine.yaml"
    file.write_text(COMMENTED)
    terminal = edit("sed -i -e s/few/more/ -e s/10GiB/1GiB/ $1", "mine.yaml")

    assert terminal.ended() == 0
    assert "now?" not in terminal.shown
    assert file.read_text() == COMMENTED.replace("few", "more").replace("10GiB", "1GiB")


def test_a_file_by_flags(limactl: Run, home: Path, dev: Path, tmp_path: Path) -> None:
    file = tmp_path / "here" / "mine.yaml"
    file.write_text(COMMENTED)

    assert limactl("edit", "--tty=false", "--cpus=3", "./mine.yaml").code == 0
    assert file.read_text() == COMMENTED.replace("cpus: 2", "cpus: 3")


@pytest.mark.parametrize("name", ["./nope.yaml", "nope.yaml", "a/b", ".", "", "größe", "x" * 300, "../x"])
def test_a_file_that_cannot_be_edited(limactl: Run, dev: Path, name: str) -> None:
    done = limactl("edit", "--tty=false", "--cpus=3", name)

    assert done.code == 1


def test_the_work_is_kept_when_it_cannot_be_written(edit: Edit, dev: Path, rejected: Path) -> None:
    # The name that the new text is written under first is taken by a directory.
    terminal = edit(f"sed -i s/few/more/ $1; mkdir {dev}.$PPID.tmp")

    assert terminal.ended() == 1
    assert "cannot be written" in terminal.shown
    assert rejected.read_text() == COMMENTED.replace("few", "more")
    assert dev.read_text() == COMMENTED


def test_nothing_is_asked_when_nobody_can_answer(dev: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR", "true")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "limavm", "edit", "--tty", "dev"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0
    assert done.stdout == ""
