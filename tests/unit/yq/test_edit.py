"""Editing texts: the expressions that limactl makes of its flags."""

import pytest

from limavm.roundtrip.errors import YamlError
from limavm.roundtrip.read import read
from limavm.yq import ExpressionError
from limavm.yq.edit import apply, apply_to, joined

TEXT = b"""\
# A machine

# How much of the host it may use
cpus: 2  # not many
memory: 4GiB

images:
- location: https://example.org/a.img
  arch: x86_64
  variant: minimal

- location: https://example.org/b.img
  arch: aarch64
mounts:
- location: "~"
dns: [1.1.1.1]
param:
  tag: x

# the end
"""


def edited(*expressions: str) -> str:
    return apply(TEXT, expressions, source="lima.yaml").decode()


@pytest.mark.parametrize("expressions", [[], [""], ["  ", "\n"]])
def test_without_an_expression_the_bytes_stay(expressions: list[str]) -> None:
    assert apply(b"a:   1 # x\r\n", expressions, source="-") == b"a:   1 # x\r\n"


@pytest.mark.parametrize(
    ("expression", "before", "after"),
    [
        ("del(.a)", "a: &x {k: 1}\nb: *x\nc: *x\n", "b: &x {k: 1}\nc: *x\n"),
        (".a = 2", "a: &x 1\nb: *x\n", "a: &x 2\nb: *x\n"),
        (".a |= map(. + 1)", "a: [&x 1, 2]\nb: *x\n", "a: [&x 2, 3]\nb: *x\n"),
        (".a |= reverse", "a: [&x 1, 2]\nb: *x\n", "a: [2, &x 1]\nb: *x\n"),
        ("sort_keys(.)", "b: &x 1\na: *x\n", "a: &x 1\nb: *x\n"),
        ("explode(.b)", "a: &x 1\nb: *x\n", "a: &x 1\nb: 1\n"),
    ],
)
def test_aliases_have_an_anchor_afterwards(expression: str, before: str, after: str) -> None:
    assert apply(before.encode(), [expression], source="-").decode() == after


def test_one_value_changes_and_everything_else_stays() -> None:
    assert edited(".cpus = 8") == TEXT.decode().replace("cpus: 2", "cpus: 8")


@pytest.mark.parametrize(
    ("expression", "before", "after"),
    [
        ('.memory = "0.5GiB"', "memory: 4GiB", "memory: 0.5GiB"),
        ('.dns += ["8.8.8.8", "1.1.1.1"] | .dns |= unique', "dns: [1.1.1.1]", "dns: [1.1.1.1, 8.8.8.8]"),
        (".mounts = null", 'mounts:\n- location: "~"', "mounts: null"),
        (".mounts[].writable = true", '- location: "~"', '- location: "~"\n  writable: true'),
        ('.param["tag"] = "y"', "tag: x", "tag: y"),
        (
            '.mounts = [{"location": "/a", "mountPoint": "/a", "writable": false}] + .mounts',
            'mounts:\n- location: "~"',
            'mounts:\n- location: /a\n  mountPoint: /a\n  writable: false\n- location: "~"',
        ),
        (
            '.images = [.images[] | select(.variant == "minimal")]',
            "\n\n- location: https://example.org/b.img\n  arch: aarch64",
            "",
        ),
        ('.arch = "aarch64"', "\n# the end", "arch: aarch64\n\n# the end"),
        (
            ".vmOpts.vz.rosetta.enabled = true",
            "\n# the end",
            "vmOpts:\n  vz:\n    rosetta:\n      enabled: true\n\n# the end",
        ),
        (
            '.networks += [{"lima": "shared"}, {"vzNAT": true}] | .networks |= unique_by(.lima)',
            "\n# the end",
            "networks:\n- lima: shared\n- vzNAT: true\n\n# the end",
        ),
        (
            '.portForwards += [{"guestPort": "80", "hostPort": "8080", "static": false}]',
            "\n# the end",
            'portForwards:\n- guestPort: "80"\n  hostPort: "8080"\n  static: false\n\n# the end',
        ),
        (
            ".containerd.user = false | .containerd.system = false",
            "\n# the end",
            "containerd:\n  user: false\n  system: false\n\n# the end",
        ),
        ('.user.shell = "/bin/zsh"', "\n# the end", "user:\n  shell: /bin/zsh\n\n# the end"),
        ('.disk= "10GiB"', "\n# the end", "disk: 10GiB\n\n# the end"),
        (".ssh.localPort = 60022 | .plain = true", "\n# the end", "ssh:\n  localPort: 60022\nplain: true\n\n# the end"),
    ],
)
def test_the_expressions_of_the_edit_flags_work(expression: str, before: str, after: str) -> None:
    assert edited(expression) == TEXT.decode().replace(before, after)


def test_several_expressions_follow_one_another() -> None:
    assert joined([".a = 1 # one", "", " .b = 2"]) == ".a = 1 # one\n| .b = 2"
    assert edited(".cpus = 4 # four", ".cpus += 1") == TEXT.decode().replace("cpus: 2", "cpus: 5")


def test_documents_can_be_edited_without_a_text() -> None:
    (document,) = apply_to(read(TEXT, "-"), [".cpus", ". + 1"])

    assert document.root is not None
    assert document.root.value == "3"


def test_files_and_the_environment_are_out_of_reach() -> None:
    with pytest.raises(ExpressionError, match="environment are disabled"):
        edited(".cpus = env(HOME)")


def test_an_error_shows_the_expression_and_the_place() -> None:
    with pytest.raises(ExpressionError) as error:
        edited(".cpus = 1", ".memory = = 2")

    assert str(error.value) == "a value is missing before this\n  where: | .memory = = 2\n                     ^"


def test_a_text_that_is_no_yaml_is_told_with_its_line() -> None:
    with pytest.raises(YamlError) as error:
        apply(b"a: 1\nb: [\n", [".a = 2"], source="lima.yaml")

    assert (error.value.source, error.value.line) == ("lima.yaml", 3)
