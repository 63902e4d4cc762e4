import sys

import pytest

from limavm.errors import UserError
from limavm.host.process import ProcessError
from limavm.instance.sync.answers import answer, quoted

if sys.platform == "win32":
    pytest.skip("directories are not copied on Windows", allow_module_level=True)


def shell(script: str) -> list[str]:
    return ["sh", "-c", script]


def test_what_a_program_writes_is_the_answer() -> None:
    assert answer(shell("echo one; echo two >&2; echo three"), most=100, within=60) == b"one\nthree\n"


def test_a_failure_carries_its_status_and_what_was_said() -> None:
    with pytest.raises(ProcessError) as raised:
        answer(shell("echo no >&2; exit 7"), most=100)

    assert (raised.value.status, raised.value.stderr) == (7, "no\n")


@pytest.mark.parametrize("script", ["yes", "yes >&2", "head -c 101 /dev/zero"])
def test_who_says_too_much_is_ended(script: str) -> None:
    with pytest.raises(UserError, match="over 100 bytes"):
        answer(shell(script), most=100)


@pytest.mark.parametrize(
    "script", ["exec sleep 600", "echo beginning; exec sleep 600", "exec >&- 2>&-; exec sleep 600"]
)
def test_who_takes_too_long_is_ended(script: str) -> None:
    with pytest.raises(UserError, match="not answered within"):
        answer(shell(script), most=100, within=0.2)


def test_a_missing_program_is_an_error_of_the_user() -> None:
    with pytest.raises(UserError, match="not installed"):
        answer(["no-such-program"], most=100)


def test_a_quotation_is_short_and_no_order_to_the_terminal() -> None:
    assert quoted("one\n two\x1b[31m \u202ethree") == "one two\\x1b[31m \\u202ethree"
    assert len(quoted("x" * 10_000)) == 2000
