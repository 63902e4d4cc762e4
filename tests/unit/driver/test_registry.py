"""Drivers by name."""

import subprocess
import sys

import pytest

from limavm.driver.registry import driver, names, prepare, rules
from limavm.errors import UserError
from limavm.host.platform import facts
from tests.unit.driver.qemu.machines import a_config
from tests.unit.images.recording import Recorder


def test_every_name_has_its_driver() -> None:
    assert [driver(name).name for name in names()] == names()


def test_an_unknown_driver_is_refused_with_those_that_exist() -> None:
    with pytest.raises(UserError, match="'hyperv' is not a driver") as caught:
        driver("hyperv")

    assert caught.value.hint == "use one of: qemu"


def test_the_rules_of_a_driver_are_those_by_which_it_runs() -> None:
    host = facts()
    for name in names():
        which, config = driver(name), a_config(vm_type=name)

        assert rules(name).fill(config, host, creator_version="") == which.fill(config, host, creator_version="")
        assert rules(name).problems(config, host) == which.problems(config, host)
    with pytest.raises(UserError, match="is not a driver"):
        rules("hyperv")


def test_the_rules_of_a_driver_load_nothing_that_runs_one() -> None:
    code = "import sys; from limavm.driver.registry import rules; rules('qemu'); print('asyncio' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout == "False\n"


def test_nothing_is_prepared_for_an_unknown_driver(tmp_path: object) -> None:
    with pytest.raises(UserError, match="is not a driver"):
        prepare("", a_config(), str(tmp_path), Recorder())
