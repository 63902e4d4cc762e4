"""spec/runtime.md 2.3, step 6: playbooks run on the host, with the inventory and the parameters of the instance."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from limavm.errors import UserError
from limavm.instance.ansible import environment, run_playbooks
from limavm.model.config import Provision
from tests.fakes.report import KeptReport
from tests.unit.seed.examples import CONFIG


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An `ansible-playbook` that notes how it was called, and fails for a playbook called bad.yaml."""
    path = tmp_path / "bin/ansible-playbook"
    path.parent.mkdir()
    path.write_text(f'#!/bin/sh\necho "$* P=$PARAM_P" >>{tmp_path}/calls\ncase $3 in *bad.yaml) exit 4 ;; esac\n')
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{path.parent}:/usr/bin:/bin")
    return path


def playbooks(*names: str) -> tuple[Provision, ...]:
    return tuple(Provision(mode="ansible", playbook=name) for name in names)


def test_playbooks_run_in_their_order_with_inventory_and_parameters(program: Path, tmp_path: Path) -> None:
    steps = (*playbooks("a b.yaml"), Provision(script="#!/bin/sh\n"), *playbooks("/p/two.yaml"))
    report = KeptReport()

    run_playbooks("dev", "/lima/dev", replace(CONFIG, provision=steps, param={"P": "x y"}), report)

    assert (tmp_path / "calls").read_text().splitlines() == [
        "-i /lima/dev/ansible-inventory.yaml a b.yaml P=x y",
        "-i /lima/dev/ansible-inventory.yaml /p/two.yaml P=x y",
    ]


def test_a_playbook_that_fails_is_named_and_ends_the_rest(program: Path, tmp_path: Path) -> None:
    config = replace(CONFIG, provision=playbooks("bad.yaml", "next.yaml"))

    with pytest.raises(UserError, match=r"'bad.yaml' has failed.*status 4"):
        run_playbooks("dev", "/lima/dev", config, KeptReport())

    assert len((tmp_path / "calls").read_text().splitlines()) == 1


def test_without_ansible_the_message_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(UserError, match="ansible-playbook is not installed") as caught:
        run_playbooks("dev", "/lima/dev", replace(CONFIG, provision=playbooks("a.yaml")), KeptReport())

    assert "ansible-core" in str(caught.value)
    assert caught.value.where == "provision[0]"


def test_without_playbooks_nobody_asks_for_ansible(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    report = KeptReport()

    run_playbooks("dev", "/lima/dev", replace(CONFIG, provision=(Provision(mode="ansible"),)), report)

    assert any("no playbook" in line for line in report.lines)


def test_parameters_win_over_the_environment() -> None:
    assert environment({"A": "1", "PARAM_A": "2"}, {"A": "3"}) == {"A": "1", "PARAM_A": "3"}
