"""spec/cli.md 7.3 and 7.4, with a real shell as the judge of the quoting."""

import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limavm.ssh.quoting import command_line, remote_command, workdir_prefix

MOUNTS = (("/home/me", "/home/me"), ("/srv/data/", "/srv/data/"))


def words_after_shell(line: str) -> list[str]:
    out = subprocess.run(["sh", "-c", f"printf '%s\\0' {line}"], capture_output=True, check=True).stdout
    return out.decode().split("\0")[:-1]


def test_without_a_command_the_shell_is_a_login_shell() -> None:
    assert remote_command("false", "/bin/bash", []) == "false ; exec /bin/bash -l"


def test_without_a_shell_it_is_the_users_own() -> None:
    assert remote_command("cd /x", None, ["true"]) == 'cd /x ; exec "$SHELL" -l -c true'


def test_the_command_is_quoted_twice() -> None:
    assert remote_command("false", "/bin/bash", ["echo", "it's"]) == (
        "false ; exec /bin/bash -l -c " + shlex.quote("echo " + shlex.quote("it's"))
    )


def test_the_environment_is_set_before_the_interpreter() -> None:
    assert remote_command("false", "/my sh", [], {"A": "1 2", "B": ""}) == ("false ; exec env 'A=1 2' B= '/my sh' -l")


def test_leading_assignments_stay_assignments() -> None:
    assert command_line(["A=1 2", "B_1=", "env", "C=3 4"]) == "A='1 2' B_1='' env 'C=3 4'"


@pytest.mark.parametrize("word", ["--flag=$(id)", "$(id)=1", "1a=b c", "=x;id", "a b=c"])
def test_only_names_are_left_bare_in_front_of_an_equals_sign(word: str) -> None:
    assert words_after_shell(command_line([word, "x"])) == [word, "x"]


@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=1, max_size=4))
def test_every_word_arrives_as_it_was_typed(words: list[str]) -> None:
    script = remote_command("false", "/bin/sh", ["printf", "%s\\0", *words]).replace(" -l -c", " -c")

    out = subprocess.run(["sh", "-c", script], capture_output=True, check=True).stdout

    assert out.decode().split("\0")[:-1] == words


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"workdir": "/my dir"}, "cd '/my dir' || exit 1"),
        ({"cwd": "/home/me/src"}, "cd /home/me/src || cd /home/me"),
        ({"cwd": "/home/me"}, "cd /home/me || cd /home/me"),
        ({"cwd": "/srv/data/x", "home": None}, "cd /srv/data/x"),
        ({"cwd": "/home/meadow"}, "cd /home/me"),
        ({"cwd": "/opt", "mounts": ()}, "false"),
        ({"cwd": "/opt", "mounts": (("/", "/"),)}, "cd /opt || cd /home/me"),
        ({"cwd": "/opt", "shares_host": True, "mounts": ()}, "cd /opt || cd /home/me"),
        ({"cwd": "/a/b", "mounts": (), "synced_home": "/home/me.guest"}, "cd /home/me.guest/a/b"),
        ({"cwd": None}, "cd /home/me"),
        ({"cwd": None, "home": None}, "false"),
        ({"cwd": "/opt", "workdir": "", "mounts": ()}, "false"),
    ],
)
def test_the_work_directory_follows_the_first_rule_that_matches(arguments: dict[str, object], expected: str) -> None:
    defaults: dict[str, object] = {"cwd": "/opt", "home": "/home/me", "mounts": MOUNTS}

    assert workdir_prefix(**(defaults | arguments)) == expected  # type: ignore[arg-type]


def test_both_sides_are_compared_with_their_links_followed() -> None:
    """The name that the host's user has for the directory is none in the guest then."""
    links = {"/home/me/link": "/data/real", "/mnt/alias": "/data"}

    found = workdir_prefix(
        cwd="/home/me/link",
        home=None,
        mounts=[("/mnt/alias", "/mnt/alias")],
        resolve=lambda path: links.get(path, path),
    )

    assert found == "cd /mnt/alias/real"


@pytest.mark.parametrize(
    ("cwd", "mounts", "expected"),
    [
        ("/src/a/b", [("/src", "/mnt/src")], "/mnt/src/a/b"),
        ("/src", [("/src", "/mnt/src")], "/mnt/src"),
        ("/src/a b", [("/src/", "/")], "'/a b'"),
        ("/src", [("/src", "/")], "/"),
        ("/src/a", [("/", "/host")], "/host/src/a"),
        ("/src/a/b", [("/src", "/mnt/src"), ("/src/a", "/inner")], "/inner/b"),
        ("/src/a/b", [("/src/a", "/inner"), ("/src", "/mnt/src")], "/inner/b"),
        ("/src/a/b", [("/src", "/src"), ("/src/a", "/inner")], "/src/a/b"),
    ],
)
def test_a_mount_with_another_mount_point_is_entered_there(
    cwd: str, mounts: list[tuple[str, str]], expected: str
) -> None:
    assert workdir_prefix(cwd=cwd, home=None, mounts=mounts) == f"cd {expected}"


def test_the_home_is_entered_at_its_mount_point() -> None:
    mounts = [("/home/me", "/mnt/home")]

    assert workdir_prefix(cwd="/opt", home="/home/me", mounts=mounts) == "cd /mnt/home"
    assert workdir_prefix(cwd="/home/me/a", home="/home/me", mounts=mounts) == "cd /mnt/home/a || cd /mnt/home"
