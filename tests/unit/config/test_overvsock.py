import pytest

from tests.unit.config.conftest import Resolve


@pytest.mark.parametrize(("value", "expected"), [("1", True), ("t", True), ("FALSE", False), ("f", False)])
def test_the_environment_overrides_the_template(
    resolved: Resolve, monkeypatch: pytest.MonkeyPatch, value: str, expected: bool
) -> None:
    monkeypatch.setenv("LIMA_SSH_OVER_VSOCK", value)

    result = resolved(f"ssh: {{overVsock: {str(not expected).lower()}}}")

    assert result.config.ssh.over_vsock is expected
    assert len(result.warnings) == 1


def test_a_value_that_is_no_boolean_is_ignored_with_a_warning(
    resolved: Resolve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIMA_SSH_OVER_VSOCK", "maybe")

    result = resolved()

    assert result.config.ssh.over_vsock is None
    assert "ignored" in result.warnings[0]
