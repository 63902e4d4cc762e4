"""The guest's own phases, as it tells them once it is ready."""

import json

import pytest

from limavm.hostagent.guesttime import guest_phases

STATUS = {
    "v1": {
        "datasource": "DataSourceNoCloud",
        "init-local": {"start": 990.0, "finished": 991.5, "errors": []},
        "init": {"start": 992.0, "finished": 994.0},
        "modules-config": {"start": 95.0, "finished": None},
        "modules-final": {"start": "soon", "finished": 1},
    }
}


def test_phases_are_relative_to_the_moment_of_asking() -> None:
    phases = guest_phases(f"1000.0 20.0\n5000000\n{json.dumps(STATUS)}")

    assert [(phase.name, phase.begin, phase.end) for phase in phases] == [
        ("kernel", -20.0, -15.0),
        ("cloud-init: init-local", -10.0, -8.5),
        ("cloud-init: init", -8.0, -6.0),
    ]


def test_stages_may_be_told_in_seconds_since_the_kernel_began() -> None:
    status = {"v1": {"init": {"start": 8.0, "finished": 12.0}}}

    (phase,) = guest_phases(f"1700000000.0 20.0\n0\n{json.dumps(status)}")

    assert (phase.begin, phase.end) == (-12.0, -8.0)


def test_a_guest_without_systemd_and_cloud_init_has_no_phases() -> None:
    assert guest_phases("100.0 20.0\n0\n") == []


@pytest.mark.parametrize("answer", ["", "x", "1 2\n3", "a b\nc\nd"])
def test_nonsense_is_a_value_error(answer: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        guest_phases(answer)


@pytest.mark.parametrize("status", ["[]", '{"v1": []}', '{"v1": {"init": 7}}', '{"v1": {"init": {"start": 1e300}}}'])
def test_a_status_of_another_shape_is_no_stage(status: str) -> None:
    assert guest_phases(f"100.0 20.0\n0\n{status}") == []
