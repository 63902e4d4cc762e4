"""What `limactl timings` reads."""

from pathlib import Path

import pytest

from limavm.errors import NotFoundError, UserError
from limavm.instance.timings import load
from limavm.store.timings import Recorder


def test_phases_before_the_agent_are_kept_for_it(dev: Path) -> None:
    recorder = Recorder(str(dev))
    with recorder.phase("image"):
        pass
    recorder.save()

    (span,) = load("dev").spans

    assert span.name == "image"
    assert span.end is not None
    assert 0 <= span.begin <= span.end


def test_an_instance_that_never_started_has_none(dev: Path) -> None:
    with pytest.raises(NotFoundError, match="no timings of 'dev'"):
        load("dev")


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"began": 1}', "x" * 100])
def test_a_damaged_file_is_one_clear_error(text: str, dev: Path) -> None:
    (dev / "timings.json").write_text(text)

    with pytest.raises(UserError, match="cannot be read"):
        load("dev")
