import click
import pytest

from limavm.cli.flags import BoolFlag, Duration, Flag, Number, Words, parse_bool, parse_duration
from limavm.errors import UserError

FLAGS = [
    BoolFlag(["-f", "--force"]),
    BoolFlag(["-q", "--quiet"]),
    Flag(["-n", "--name"]),
    Flag(["--item"], multiple=True),
]


def words(*args: str, interspersed: bool = True) -> Words:
    found = Words(FLAGS, interspersed=interspersed, later=["--set"])
    found.sort(args)
    return found


def failure(*args: str) -> str:
    with pytest.raises(UserError) as caught:
        words(*args)
    return str(caught.value)


@pytest.mark.parametrize("args", [["--name", "x"], ["--name=x"], ["-n", "x"], ["-nx"], ["-n=x"]])
def test_a_value_stands_behind_a_blank_an_equals_sign_or_the_letter(args: list[str]) -> None:
    assert words(*args).values == {"name": "x"}


def test_short_booleans_can_be_grouped_and_end_in_a_value() -> None:
    assert words("-fqn", "x").values == {"force": True, "quiet": True, "name": "x"}
    assert words("-fqnx").values == {"force": True, "quiet": True, "name": "x"}


@pytest.mark.parametrize("word", ["1", "t", "T", "true", "TRUE", "True"])
def test_words_for_true(word: str) -> None:
    assert words(f"--force={word}").values == {"force": True}


@pytest.mark.parametrize("word", ["0", "f", "F", "false", "FALSE", "False"])
def test_words_for_false(word: str) -> None:
    assert words(f"-f={word}").values == {"force": False}


@pytest.mark.parametrize("word", ["", "yes", "tRUE", "2", "on"])
def test_other_words_are_no_booleans(word: str) -> None:
    with pytest.raises(ValueError, match="neither true nor false"):
        parse_bool(word)
    assert f"invalid value {word!r} for the flag --force" in failure(f"--force={word}")


def test_a_boolean_does_not_take_the_next_word() -> None:
    found = words("--force", "false")

    assert found.values == {"force": True}
    assert found.positionals == ["false"]


def test_a_value_may_look_like_a_flag_and_may_be_empty() -> None:
    assert words("--name", "--force").values == {"name": "--force"}
    assert words("--name=").values == {"name": ""}


def test_the_last_value_counts_and_repeatable_flags_keep_all() -> None:
    assert words("--name=a", "--name=b", "--item=1", "--item", "2").values == {"name": "b", "item": ["1", "2"]}


def test_flags_and_positionals_may_be_mixed() -> None:
    found = words("a", "-f", "b", "--", "-q", "--", "c")

    assert found.values == {"force": True}
    assert found.positionals == ["a", "b", "-q", "--", "c"]


def test_without_mixing_everything_behind_the_first_positional_is_one() -> None:
    found = words("-f", "a", "-q", "--", "--name", interspersed=False)

    assert found.values == {"force": True}
    assert found.positionals == ["a", "-q", "--", "--name"]


def test_a_single_dash_is_a_positional() -> None:
    assert words("-").positionals == ["-"]


def test_abbreviations_are_unknown() -> None:
    assert "--forc is not known" in failure("--forc")


def test_an_unknown_long_flag_is_named_without_its_value() -> None:
    assert failure("--frob=1") == "the flag --frob is not known"


def test_an_unknown_short_flag_is_named_with_its_group() -> None:
    assert failure("-fxq") == "the short flag '-x' in -fxq is not known"


def test_a_missing_value_is_an_error() -> None:
    assert failure("--name").startswith("the flag --name needs a value")
    assert failure("-fn").startswith("the flag -n needs a value")


def test_a_flag_of_lima_that_is_not_built_yet_says_so() -> None:
    assert "later version" in failure("--set", ".x=1")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10m0s", 600), ("1h2m3.5s", 3723.5), ("300ms", 0.3), ("0", 0), ("-5s", -5), ("+1.5h", 5400), (".5s", 0.5)],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "5", "s", "5x", "5 s", "1h-2m", "1d", "--5s", "five"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        parse_duration(text)
    with pytest.raises(click.BadParameter):
        Duration().convert(text, None, None)


@pytest.mark.parametrize("text", ["x", "", "1.5", "1e3", "nan", "-1", "65536", "9" * 5000])
def test_what_is_no_uint16(text: str) -> None:
    with pytest.raises(click.BadParameter):
        Number("uint16", least=0, most=65535).convert(text, None, None)


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "1e999", "4GiB"])
def test_what_is_no_float(text: str) -> None:
    with pytest.raises(click.BadParameter):
        Number("float32").convert(text, None, None)
