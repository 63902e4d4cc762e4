"""The yq command line, through the main function of limactl as a user calls it."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from limavm.cli.main import main
from tests.unit.cli.harness import Run

YAML = """\
# head

a: 1 # line
b: [x, {c: d}]
s: "hello world"

m:
  k: v # note
  l:
    - 1
    - 2
"""


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with some files."""
    place = tmp_path / "place"
    place.mkdir()
    monkeypatch.chdir(place)
    for name, text in {
        "d.yaml": YAML,
        "f1.yaml": "a: 1\nb: 2\n",
        "f2.yaml": "a: 3\nb: 4\n",
        "m.yaml": "---\n# c\na: 1 # d\n---\n# e\nb: 1\n",
        "data.json": '{"a": 1, "b": ["x"]}',
        "x.yq": ".a\n  + 1\n",
        "front.md": "---\na: 1\nb: x\n---\n# Title\n",
        "rows.csv": "a,b\n1,x\n",
    }.items():
        (place / name).write_text(text)
    return place


Yq = Callable[..., tuple[int, str, str]]


@pytest.fixture
def yq(limactl: Run, directory: Path, monkeypatch: pytest.MonkeyPatch) -> Yq:
    """Runs `limactl yq`; without a text standard input is no pipe."""

    def run(*args: str, stdin: str | None = None) -> tuple[int, str, str]:
        source = directory.parent / "stdin"
        source.write_text(stdin or "")
        with open(os.devnull if stdin is None else source, encoding="utf-8") as file:
            monkeypatch.setattr(sys, "stdin", file)
            done = limactl("yq", *args)
        return done.code, done.out, done.err

    return run


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ([".a", "d.yaml"], "1\n"),
        (["eval", ".a", "d.yaml"], "1\n"),
        (["e", ".a", "d.yaml"], "1\n"),
        ([".b", "d.yaml"], "[x, {c: d}]\n"),
        ([".m", "d.yaml"], "k: v # note\nl:\n  - 1\n  - 2\n"),
        (["-c", ".m.l as $x | {\"y\": $x}", "d.yaml"], "y:\n- 1\n- 2\n"),
        (["-I4", ".m", "d.yaml"], "k: v # note\nl:\n    - 1\n    - 2\n"),
        ([".s", "d.yaml"], "hello world\n"),
        (["-r=false", ".s", "d.yaml"], '"hello world"\n'),
        (["-P", ".b", "d.yaml"], "- x\n- c: d\n"),
        (["-o", "json", ".b", "d.yaml"], '[\n  "x",\n  {\n    "c": "d"\n  }\n]\n'),
        (["-ojson", "-I0", ".b", "d.yaml"], '["x",{"c":"d"}]\n'),
        (["-oj", ".s", "d.yaml"], '"hello world"\n'),
        (["-oj", "-r", ".s", "d.yaml"], "hello world\n"),
        (["-o=props", ".m", "d.yaml"], "# note\nk = v\nl.0 = 1\nl.1 = 2\n"),
        (["-o", "shell", ".m", "d.yaml"], "k=v\nl_0=1\nl_1=2\n"),
        (["-o", "csv", ".m.l", "d.yaml"], "1,2\n"),
        (["-0", ".a, .s", "d.yaml"], "1\0hello world\0"),
        ([".", "m.yaml"], "---\n# c\na: 1 # d\n---\n# e\nb: 1\n"),
        (["-N", ".", "m.yaml"], "# c\na: 1 # d\n# e\nb: 1\n"),
        ([".m.l[] | split_doc", "d.yaml"], "1\n---\n2\n"),
        (["select(.b)", "m.yaml"], "# e\nb: 1\n"),
        ([".a, .b", "f1.yaml", "f2.yaml"], "1\n2\n---\n3\n---\n4\n"),
        ([".", "f1.yaml", "f2.yaml"], "a: 1\nb: 2\n---\na: 3\nb: 4\n"),
        (["ea", "[.[]]", "f1.yaml", "f2.yaml"], "- 1\n- 2\n- 3\n- 4\n"),
        (["eval-all", "select(fi == 0) * select(fi == 1)", "f1.yaml", "f2.yaml"], "a: 3\nb: 4\n"),
        (["-n", ".a.b = 1"], "a:\n  b: 1\n"),
        (["-n", "1, 2"], "1\n2\n"),
        (["-n"], "\n"),
        (["f1.yaml"], "a: 1\nb: 2\n"),
        (["--expression", ".a", "f1.yaml"], "1\n"),
        (["--from-file", "x.yq", "f1.yaml"], "2\n"),
        (["x.yq", "f1.yaml"], "2\n"),
        ([".a", "data.json"], "1\n"),
        (["-oy", ".", "data.json"], "a: 1\nb:\n  - x\n"),
        (["-oy", "-P", ".", "data.json"], "a: 1\nb:\n  - x\n"),
        (["-I0", ".", "data.json"], '{"a":1,"b":["x"]}\n'),
        (["-p", "csv", ".", "rows.csv"], "- a: 1\n  b: x\n"),
        ([".", "rows.csv"], "a,b\n1,x\n"),
        (["-f", "extract", ".a", "front.md"], "1\n"),
        (["-f", "process", ".a = 2", "front.md"], "---\na: 2\nb: x\n---\n# Title\n"),
        (["-n", "load(\"f1.yaml\").b"], "2\n"),
        (["-n", "load_str(\"x.yq\") | upcase"], ".A\n  + 1\n\n"),
        (["-v", "-M", "--header-preprocess=false", ".a", "f1.yaml"], "1\n"),
        (["-oshell", "--shell-key-separator=__", ".m.l", "d.yaml"], "_0=1\n_1=2\n"),
        (["-n", "now | tag"], "!!timestamp\n"),
        (["--", ".a", "f1.yaml"], "1\n"),
    ],
)  # fmt: skip
def test_results_are_printed_as_yq_prints_them(yq: Yq, args: list[str], expected: str) -> None:
    assert yq(*args) == (0, expected, "")


@pytest.mark.parametrize(
    ("args", "stdin", "expected"),
    [
        ([".a"], "a: 1\n", "1\n"),
        ([], "a: 1\n", "a: 1\n"),
        (["e"], "a: 1\n", "a: 1\n"),
        ([".a", "-", "f2.yaml"], "a: 7\n", "7\n---\n3\n"),
        (["."], "", "\n"),
        (["."], "# only\n", "# only\n"),
        (["."], "# h\n\na: 1\n\n\nb: 2  # x\n", "# h\n\na: 1\nb: 2 # x\n"),
        (["-pjson", "-oj", "-I0"], '{"a":1} {"a":2}', '{"a":1}\n{"a":2}\n'),
        ([".a = 'x'"], "a: 1", None),
        ([".a"], "a: &x [1]\nb: *x\n", "&x [1]\n"),
        (["-oj", "-I0", ".b"], "a: &x [1]\nb: *x\n", "[1]\n"),
        (["."], "a: 1\na: 2\n", "a: 1\na: 2\n"),
    ],
)
def test_standard_input_is_read_when_no_file_is_named(
    yq: Yq, args: list[str], stdin: str, expected: str | None
) -> None:
    code, out, _ = yq(*args, stdin=stdin)

    assert (code, out) == ((1, "") if expected is None else (0, expected))


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["nope(", "f1.yaml"], "where: nope("),
        ([".", "nofile"], "cannot read nofile: No such file"),
        (["--foo"], "unknown flag: --foo"),
        (["-Q"], "unknown shorthand flag: 'Q' in -Q"),
        (["-I", "x", ".", "f1.yaml"], "no number of blanks"),
        (["-o"], "needs an argument"),
        (["-o", "foo", ".", "f1.yaml"], "unknown format 'foo'"),
        (["-p", "shell", ".", "f1.yaml"], "'shell' cannot be read"),
        (["-r=foo", ".", "f1.yaml"], "neither true nor false"),
        (["-n", ".", "f1.yaml"], "-n reads no files"),
        (["-i", "."], "-i needs the name of a file"),
        (["-i", "-s", ".a", ".", "f1.yaml"], "cannot be used together"),
        (["-f", "x", ".", "f1.yaml"], "no action for -f"),
        (["-e", ".z", "f1.yaml"], "no matches found"),
        (["-e", ".a == 7", "f1.yaml"], "no matches found"),
        (["-n", 'system("ls")'], "system"),
        (["-n", "--security-disable-env-ops", "strenv(HOME)"], "disabled"),
        (["-n", "--security-disable-file-ops", 'load("f1.yaml")'], "disabled"),
        (["--security-enable-system-operator", "."], "not supported"),
        (["-n", 'load("nofile")'], "nofile"),
        (["-s", '""', ".", "f1.yaml"], "no name for result 0"),
        (["-n", "--csv-separator", "xx", "."], "one character"),
        (["-n", '"a" | test("(")'], "regular expression"),
        (["-n", "--from-file", "nofile"], "cannot read nofile"),
    ],
)  # fmt: skip
def test_a_failure_is_an_error_on_standard_error_and_exit_code_1(yq: Yq, args: list[str], message: str) -> None:
    code, _, err = yq(*args)

    assert code == 1
    assert err.startswith("Error: ")
    assert message in err
    assert "level=" not in err


def test_a_nul_in_a_value_cannot_be_told_from_the_end(yq: Yq) -> None:
    code, out, err = yq("-0", ".a", stdin='a: "x\\0y"\n')

    assert (code, out) == (1, "")
    assert "NUL" in err


def test_the_version_line_begins_as_that_of_yq(yq: Yq) -> None:
    code, out, _ = yq("--version")

    assert code == 0
    assert out.startswith("yq (https://github.com/mikefarah/yq/) version v4.53")
    assert "limavm" in out
    assert yq("-V")[1] == out


@pytest.mark.parametrize("args", [["--help"], ["-h"], ["help"], []])
def test_help_is_that_of_yq_and_not_of_limactl(yq: Yq, args: list[str]) -> None:
    code, out, _ = yq(*args)

    assert code == 0
    assert "limactl yq [flags] [expression] [file]..." in out
    assert "--log-level" not in out


def test_a_file_is_changed_in_its_place(yq: Yq, directory: Path) -> None:
    path = directory / "d.yaml"
    path.chmod(0o640)

    assert yq("-i", '.a = 2 | .n.o = "p"', "d.yaml") == (0, "", "")

    assert path.read_text() == (
        '# head\n\na: 2 # line\nb: [x, {c: d}]\ns: "hello world"\nm:\n  k: v # note\n  l:\n    - 1\n    - 2\n'
        "n:\n  o: p\n"
    )
    assert path.stat().st_mode & 0o777 == 0o640
    assert sorted(os.listdir(directory)) == sorted(
        ["d.yaml", "data.json", "f1.yaml", "f2.yaml", "front.md", "m.yaml", "rows.csv", "x.yq"]
    )


def test_a_link_stays_one_when_its_file_is_changed(yq: Yq, directory: Path) -> None:
    (directory / "link.yaml").symlink_to("f1.yaml")

    assert yq("-i", ".a = 9", "link.yaml")[0] == 0

    assert (directory / "link.yaml").is_symlink()
    assert (directory / "f1.yaml").read_text() == "a: 9\nb: 2\n"


def test_a_file_can_be_read_again_when_an_anchor_was_removed(yq: Yq, directory: Path) -> None:
    path = directory / "anchors.yaml"
    path.write_text("base: &b\n  x: 1\nl: *b\nm: *b\n")

    assert yq("-i", "del(.base)", "anchors.yaml") == (0, "", "")

    assert path.read_text() == "l: &b\n  x: 1\nm: *b\n"


def test_a_file_is_not_touched_when_the_expression_fails(yq: Yq, directory: Path) -> None:
    assert yq("-i", ".a = (1 | upcase)", "f1.yaml")[0] == 1

    assert (directory / "f1.yaml").read_text() == "a: 1\nb: 2\n"


def test_a_file_is_not_touched_when_nothing_was_found_and_that_is_to_be_a_failure(yq: Yq, directory: Path) -> None:
    assert yq("-i", "-e", ".c", "f1.yaml") == (1, "", "Error: no matches found\n")

    assert (directory / "f1.yaml").read_text() == "a: 1\nb: 2\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device that is always full")
def test_a_full_disk_is_an_error_in_words(directory: Path) -> None:
    with open("/dev/full", "wb") as full:
        argv = [sys.executable, "-m", "limavm", "yq", ".", str(directory / "d.yaml")]
        found = subprocess.run(argv, stdout=full, stderr=subprocess.PIPE, check=False)

    assert (found.returncode, found.stderr) == (1, b"Error: No space left on device\n")


def test_results_go_into_files_that_an_expression_names(yq: Yq, directory: Path) -> None:
    assert yq("-s", '"out/" + .a', '{"a": .a, "b": .b}', "f1.yaml", "f2.yaml") == (0, "", "")
    assert yq("-o", "json", "-s", '"n" + $index', ".b", "f1.yaml", "f2.yaml")[0] == 0

    assert (directory / "out/1.yml").read_text() == "a: 1\nb: 2\n"
    assert (directory / "n0.json").read_text() == "2\n"
    assert (directory / "n1.json").read_text() == "4\n"


def test_colours_are_shown_when_they_are_asked_for(yq: Yq) -> None:
    assert "\x1b[36m" in yq("-C", ".", "f1.yaml")[1]
    assert "\x1b[" in yq("-C", "-o", "json", ".", "f1.yaml")[1]
    assert yq("-C", ".a", "f1.yaml")[1] == "1\n"
    assert "\x1b[" not in yq("-C", "-o", "props", ".", "f1.yaml")[1]


def test_the_old_flag_for_json_says_what_to_write_instead(yq: Yq) -> None:
    code, out, err = yq("-j", "-I0", ".", "f1.yaml")

    assert (code, out) == (0, '{"a":1,"b":2}\n')
    assert "-o json" in err


def test_a_program_whose_name_begins_with_yq_is_yq(directory: Path) -> None:
    code = "import sys; sys.argv[0] = {!r}; from limavm.__main__ import run; run()"
    for name in ("yq", "/somewhere/yq.lima"):
        done = subprocess.run(
            [sys.executable, "-c", code.format(name), ".a", "f1.yaml"], capture_output=True, text=True, check=True
        )
        assert done.stdout == "1\n"
    done = subprocess.run([sys.executable, "-c", code.format("yqx"), ".a"], capture_output=True, text=True, check=False)
    assert done.returncode == 1


def test_only_the_first_word_makes_limactl_yq(limactl: Run) -> None:
    done = limactl("--debug", "yq", ".")

    assert done.code == 1
    assert "unknown command 'yq' of limactl" in done.message


def test_help_tells_what_expressions_may_not_do(limactl: Run) -> None:
    done = limactl("help", "yq-restrictions")

    assert done.code == 0
    assert "load_str" in done.out
    assert "Additional help topics:\n  yq-restrictions " in limactl("help").out
    assert limactl("yq-restrictions").out.splitlines()[0] == done.out.splitlines()[0]


def test_what_is_printed_before_a_failure_is_not_lost(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["yq", ".", "f1.yaml", "nofile"])

    out, err = capsys.readouterr()
    assert (code, out) == (1, "a: 1\nb: 2\n")
    assert "nofile" in err


def test_text_that_is_no_utf8_is_an_error_with_its_line(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (directory / "bad.yaml").write_bytes(b"a: 1\nb: \xff\n")

    assert main(["yq", ".", "bad.yaml"]) == 1
    assert "line 2" in capsys.readouterr().err
