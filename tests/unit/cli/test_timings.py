import json
from pathlib import Path

import pytest

from limavm.cli.timings import ascii_bar, bar, table, waterfall
from limavm.model.timings import Span
from tests.unit.cli.harness import Run, make_instance

SPANS = (
    Span(name="image", begin=0.0, end=1.0),
    Span(name="boot", begin=1.0, end=9.0),
    Span(name="ssh", begin=9.0, end=10.0),
)


def test_the_table_has_begin_end_and_duration() -> None:
    assert [line.split() for line in table(SPANS).splitlines()] == [
        ["PHASE", "BEGIN", "END", "SECONDS"],
        ["image", "0.000", "1.000", "1.000"],
        ["boot", "1.000", "9.000", "8.000"],
        ["ssh", "9.000", "10.000", "1.000"],
    ]


def test_a_phase_that_did_not_end_has_no_duration() -> None:
    assert table([Span(name="boot", begin=1.0)]).splitlines()[1].split() == ["boot", "1.000"]


def test_the_waterfall_draws_each_phase_where_it_lies() -> None:
    lines = waterfall(SPANS, 5 + 10 + 20, unicode=False).splitlines()

    assert lines == [
        "image    1.00s ##",
        "boot     8.00s   ################",
        "ssh      1.00s                   ##",
        "total   10.00s",
    ]


@pytest.mark.parametrize("width", [1, 20, 40, 80, 200])
def test_the_waterfall_fits_the_terminal(width: int) -> None:
    spans = (*SPANS, Span(name="a-phase-with-a-very-long-name", begin=2.0, end=2.001), Span(name="open", begin=9.5))

    assert max(map(len, waterfall(spans, width).splitlines())) <= max(width, 30)


def test_no_phases_and_phases_of_no_length() -> None:
    assert waterfall([], 80) == ""
    assert "x" in waterfall([Span(name="x", begin=1.0, end=1.0)], 80)


@pytest.mark.parametrize(
    ("left", "right", "drawn"), [(0, 2, "██"), (1, 2.5, " █▌"), (0, 0.01, "▏"), (3.2, 3.3, "   ▎"), (0, 1.99, "██")]
)
def test_bars_are_exact_to_an_eighth(left: float, right: float, drawn: str) -> None:
    assert bar(left, right) == drawn


def test_ascii_bars_are_never_empty() -> None:
    assert ascii_bar(2.1, 2.2) == "  #"


@pytest.fixture
def started(home: Path) -> Path:
    directory = make_instance(home, "default")
    spans = [{"name": "image", "begin": 0.0, "end": 1.5}, {"name": "boot", "begin": 1.5, "end": None}]
    (directory / "timings.json").write_text(
        json.dumps({"began": "2026-01-02T03:04:05Z", "clock": 5.0, "spans": spans, "ready": None})
    )
    return directory


def test_without_a_terminal_it_is_a_table(limactl: Run, started: Path) -> None:
    assert limactl("timings").out == table([Span(name="image", begin=0.0, end=1.5), Span(name="boot", begin=1.5)])


def test_as_json(limactl: Run, started: Path) -> None:
    assert json.loads(limactl("timings", "--json", "default").out)["spans"][0]["name"] == "image"


def test_on_a_terminal_it_is_drawn(limactl: Run, started: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_LIMA_OUTPUT_IS_TTY", "1")

    assert "1.50s " in limactl("timings").out


@pytest.mark.parametrize("name", ["nope", "../x", "/etc/passwd", "größe", "x" * 200, "a.yaml"])
def test_a_name_of_no_instance_is_an_error(limactl: Run, started: Path, name: str) -> None:
    done = limactl("timings", name)

    assert (done.code, done.out) == (1, "")


def test_an_instance_that_never_started_has_no_timings(limactl: Run, home: Path) -> None:
    make_instance(home, "default")

    assert limactl("timings").code == 1


@pytest.mark.parametrize("text", ["", "{", "[]", '{"spans": 1}'])
def test_damaged_timings_are_an_error(limactl: Run, started: Path, text: str) -> None:
    (started / "timings.json").write_text(text)

    done = limactl("timings")

    assert done.code == 1
    assert "timings.json" in done.message
