"""Drivers by name."""

import pytest

from limavm.driver.registry import driver, names, prepare
from limavm.errors import UserError
from tests.unit.driver.qemu.machines import a_config
from tests.unit.images.recording import Recorder


def test_every_name_has_its_driver() -> None:
    assert [driver(name).name for name in names()] == names()


def test_an_unknown_driver_is_refused_with_those_that_exist() -> None:
    with pytest.raises(UserError, match="'hyperv' is not a driver") as caught:
        driver("hyperv")

    assert caught.value.hint == "use one of: qemu"


def test_nothing_is_prepared_for_an_unknown_driver(tmp_path: object) -> None:
    with pytest.raises(UserError, match="is not a driver"):
        prepare("", a_config(), str(tmp_path), Recorder())
