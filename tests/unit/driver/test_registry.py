"""Drivers by name."""

import subprocess
import sys

import pytest

from limavm.driver.registry import driver, hypervisor, names, prepare
from limavm.errors import UserError
from tests.unit.driver.qemu.machines import a_config
from tests.unit.images.recording import Recorder


def test_every_name_has_its_driver() -> None:
    assert [driver(name).name for name in names()] == names()


def test_an_unknown_driver_is_refused_with_those_that_exist() -> None:
    with pytest.raises(UserError, match="'hyperv' is not a driver") as caught:
        driver("hyperv")

    assert caught.value.hint == "use one of: qemu"


def test_every_driver_runs_machines() -> None:
    for name in names():
        assert callable(hypervisor(name).adopt)
    with pytest.raises(UserError, match="is not a driver"):
        hypervisor("hyperv")


def test_to_ask_a_driver_loads_nothing_that_runs_one() -> None:
    code = "import sys; from limavm.driver.registry import driver; driver('qemu'); print('asyncio' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout == "False\n"


def test_nothing_is_prepared_for_an_unknown_driver(tmp_path: object) -> None:
    with pytest.raises(UserError, match="is not a driver"):
        prepare("", a_config(), str(tmp_path), Recorder())
