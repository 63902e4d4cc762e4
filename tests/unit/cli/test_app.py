import pytest

from limavm import __version__
from limavm.cli.tree import COMMANDS, LATER
from tests.unit.cli.harness import Run


@pytest.mark.parametrize("args", [[], ["--help"], ["-h"], ["help"], ["--debug"]])
def test_without_a_command_the_help_of_limactl_is_shown(limactl: Run, args: list[str]) -> None:
    done = limactl(*args)

    assert done.code == 0
    assert done.err == ""
    assert "Basic commands:\n  create " in done.out
    assert "hostagent" not in done.out


@pytest.mark.parametrize(
    "entry", [entry for entry in COMMANDS if entry.module.startswith(tuple("abcdefghijklmnopqrstuvwxyz"))]
)
def test_every_command_has_a_help_text_with_its_usage(limactl: Run, entry: object) -> None:
    name = entry.name  # type: ignore[attr-defined]
    if name.startswith("__") or entry.group == "topic":  # type: ignore[attr-defined]
        return

    done = limactl(name, "--help")

    assert done.code == 0
    assert f"limactl {name} " in done.out


@pytest.mark.parametrize("words", [[], *([entry.name] for entry in COMMANDS if not entry.name.startswith("__"))])
def test_help_fits_into_a_terminal_of_80_columns(limactl: Run, words: list[str]) -> None:
    page = limactl("help", *words).out
    rows = page.partition("Commands:\n")[2].partition("\n\n")[0].splitlines() if words else []
    pages = [page, *(limactl("help", *words, row.split()[0]).out for row in rows)]

    assert [line for page in pages for line in page.splitlines() if len(line) > 80] == []


def test_a_topic_is_its_text_alone(limactl: Run) -> None:
    out = limactl("help", "yq-restrictions").out

    assert out.startswith("What expressions of yq may not do.\n")
    assert "Usage" not in out
    assert limactl("yq-restrictions").out == out == limactl("yq-restrictions", "--help").out


def test_help_for_a_command_is_the_same_either_way(limactl: Run) -> None:
    assert limactl("help", "list").out == limactl("list", "-h").out
    assert limactl("help", "completion", "zsh").out == limactl("completion", "zsh", "--help").out
    assert "Aliases:\n  list, ls\n" in limactl("ls", "--help").out


def test_help_for_an_unknown_topic_shows_the_usage_on_standard_error(limactl: Run) -> None:
    done = limactl("help", "frob")

    assert done.code == 0
    assert done.out == ""
    assert "'frob'" in done.err
    assert "Basic commands" in done.err


def test_start_shows_its_own_flags_apart_from_those_of_create(limactl: Run) -> None:
    out = limactl("start", "--help").out

    assert out.index("--timeout duration") < out.index("Flags shared with `limactl create`") < out.index("--cpus int")
    assert "      --cpus int           Number" in out


@pytest.mark.parametrize("args", [["completion"], ["completion", "frob"]])
def test_a_group_without_a_valid_sub_command_shows_its_help(limactl: Run, args: list[str]) -> None:
    done = limactl(*args)

    assert done.code == 0
    assert "  bash " in done.out


@pytest.mark.parametrize("flag", ["--version", "-v"])
def test_the_version(limactl: Run, flag: str) -> None:
    assert limactl(flag).out == f"limactl version 2.2.0 (limavm {__version__})\n"
    assert limactl("--debug", flag).out == limactl(flag).out


def test_only_the_root_has_a_version_flag(limactl: Run) -> None:
    assert "-v" in limactl("list", "-v").message


@pytest.mark.parametrize(
    ("word", "meant"),
    [("lst", ["list"]), ("ssh", ["shell"]), ("sta", ["start", "stop"]), ("STOP", ["stop"]), ("comple", ["completion"])],
)
def test_an_unknown_command_suggests_what_may_be_meant(limactl: Run, word: str, meant: list[str]) -> None:
    done = limactl(word)

    assert done.code == 1
    assert repr(word) in done.message
    assert [line[1:] for line in done.message.splitlines() if line.startswith("\t")] == meant


@pytest.mark.parametrize("word", sorted(LATER))
def test_a_command_of_lima_that_is_not_built_yet_says_so(limactl: Run, word: str) -> None:
    done = limactl(word, "--anything", "x")

    assert done.code == 1
    assert "later version" in done.message


@pytest.mark.parametrize("word", ["frobnicate", "x" * 200, "größe", "../..", "star t"])
def test_an_unknown_command_is_an_error_without_a_usage_dump(limactl: Run, word: str) -> None:
    done = limactl(word)

    assert done.code == 1
    assert done.out == ""
    assert len(done.err.splitlines()) == 1
    assert done.message.startswith("unknown command ")
    assert "`limactl --help`" in done.message


@pytest.mark.parametrize(
    ("args", "counts"),
    [
        (["delete"], "at least 1 argument, and got 0"),
        (["create", "a", "b"], "at most 1 argument, and got 2"),
        (["restart", "a", "b"], "at most 1 argument, and got 2"),
        (["hostagent"], "exactly 1 argument, and got 0"),
        (["info", "x"], "exactly 0 arguments, and got 1"),
        (["validate"], "at least 1 argument"),
    ],
)
def test_a_wrong_number_of_arguments_names_what_was_expected(limactl: Run, args: list[str], counts: str) -> None:
    done = limactl(*args)

    assert done.code == 1
    assert counts in done.message
    assert f'"limactl {args[0]}"' in done.message
    assert f"`limactl {args[0]} --help`" in done.message


def test_global_flags_stand_before_or_after_the_command(limactl: Run) -> None:
    assert '"level":"fatal"' in limactl("--log-format=json", "stop", "a/b").err
    assert '"level":"fatal"' in limactl("stop", "--log-format", "json", "a/b").err


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (["--log-level=loud", "stop"], "'loud'"),
        (["stop", "--log-format=xml"], "'xml'"),
        (["--tty", "stop", "--yes"], "exclude each other"),
        (["--tty=false", "--yes=false", "stop"], "exclude each other"),
    ],
)
def test_bad_global_flags_are_errors(limactl: Run, args: list[str], text: str) -> None:
    done = limactl(*args)

    assert done.code == 1
    assert text in done.message


def test_the_number_of_arguments_is_checked_before_the_global_flags(limactl: Run) -> None:
    assert "at least 1" in limactl("--log-level=loud", "delete").message
