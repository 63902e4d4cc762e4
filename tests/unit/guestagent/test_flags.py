import pytest

from limavm.guestagent.flags import FlagError, parse_flags

DEFAULTS: dict[str, str | int | bool] = {"debug": False, "vsock-port": 0, "virtio-port": ""}


@pytest.mark.parametrize(
    ("argv", "values"),
    [
        ([], (False, 0, "")),
        (["--debug", "--vsock-port=2222"], (True, 2222, "")),
        (["--vsock-port", "2222", "--virtio-port", "x.y"], (False, 2222, "x.y")),
        (["-debug=true", "--virtio-port="], (True, 0, "")),
        (["--debug=false"], (False, 0, "")),
    ],
)
def test_flags_are_written_as_lima_writes_them(argv: list[str], values: tuple[bool, int, str]) -> None:
    assert tuple(parse_flags(argv, DEFAULTS).values()) == values


@pytest.mark.parametrize(
    "argv",
    [["word"], ["--other"], ["--debug=maybe"], ["--vsock-port"], ["--vsock-port=-1"], ["--vsock-port=²"], ["--"]],
)
def test_what_is_not_understood_is_said(argv: list[str]) -> None:
    with pytest.raises(FlagError):
        parse_flags(argv, DEFAULTS)
