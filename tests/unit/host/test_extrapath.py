import pytest

from limavm.host.extrapath import extended_path

QEMU, MSYS = "C:\\Program Files\\QEMU", "C:\\msys64\\usr\\bin"


def test_directories_that_exist_come_last() -> None:
    assert extended_path({"PATH": "C:\\a;;C:\\b"}, lambda path: path == QEMU) == f"C:\\a;C:\\b;{QEMU}"
    assert extended_path({"PATH": "C:\\a"}, lambda _: True) == f"C:\\a;{QEMU};{MSYS}"
    assert extended_path({}, lambda _: False) == ""


@pytest.mark.parametrize("there", [QEMU, QEMU.lower(), QEMU + "\\", f'"{QEMU}"', "c:/program files/qemu"])
def test_what_is_there_already_is_not_added(there: str) -> None:
    assert extended_path({"PATH": there}, lambda path: path == QEMU) == there


def test_programs_may_be_elsewhere() -> None:
    assert extended_path({"PROGRAMFILES": "D:\\P"}, lambda path: path == "D:\\P\\QEMU") == "D:\\P\\QEMU"


@pytest.mark.parametrize(("extra", "path"), [("D:\\x;E:\\y", "D:\\x;E:\\y;C:\\a"), ("  ", "C:\\a")])
def test_what_the_user_names_comes_first(extra: str, path: str) -> None:
    assert extended_path({"PATH": "C:\\a", "_LIMA_WINDOWS_EXTRA_PATH": extra}, lambda _: False) == path
