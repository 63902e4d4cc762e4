"""How mounts, and what was found by verifying them, are shown."""

import json

from msgspec.structs import replace

from limavm.cli import mountstable
from limavm.instance.verify.compare import Difference
from limavm.instance.verify.sides import Verdict

DIFFERENCE = Difference(
    side="guest", writer="host", name="a\x1b[2J\nb", what="content from byte 7 on", expected="61", found="62"
)
GOOD = Verdict(mount_point="/m", location="/l", type="9p", writable=True, rounds=2, operations=60, written=3 << 20)
BAD = Verdict(
    mount_point="/m", location="/l", type="9p", writable=False, differences=(DIFFERENCE,), error="it\x07 ended"
)


def test_a_verdict_is_one_sentence() -> None:
    line = mountstable.verdict_line(GOOD)

    assert line == "/m (9p, writable): no difference in 60 operations of 2 rounds, 3.0 MiB written"


def test_one_round_is_a_round() -> None:
    assert "60 operations of 1 round, " in mountstable.verdict_line(replace(GOOD, rounds=1))


def test_ctrl_c_says_what_had_been_compared() -> None:
    line = mountstable.verdict_line(replace(GOOD, interrupted=True))

    assert line.endswith("60 operations of 2 rounds, 3.0 MiB written; ended early: interrupted")


def test_what_ended_it_early_is_told() -> None:
    assert "1 difference in" in mountstable.verdict_line(BAD)
    assert mountstable.verdict_line(BAD).isprintable()
    assert "ended early: it" in mountstable.verdict_line(BAD)


def test_a_difference_tells_who_wrote_and_who_saw_it() -> None:
    line = mountstable.difference_line(DIFFERENCE)

    assert line.isprintable()
    assert line.startswith("written by the host, seen by the guest: ")
    assert line.endswith("content from byte 7 on: expected 61, found 62")


def test_as_json_a_verdict_is_an_object_on_a_line() -> None:
    text = mountstable.verdict_json(BAD)

    assert text.count("\n") == 1
    assert json.loads(text)["differences"][0]["name"] == DIFFERENCE.name
