"""Which private keys ssh offers to a guest (spec/runtime.md 11.1)."""

from pathlib import Path

import pytest

from limavm.errors import UserError
from limavm.ssh.identities import existing_identities, identity_path


@pytest.fixture
def config_dir(tmp_path: Path) -> str:
    directory = tmp_path / "_config"
    directory.mkdir()
    (directory / "user").write_text("")
    return str(directory)


def test_our_own_key_is_the_only_one_unless_more_are_wanted(config_dir: str, tmp_path: Path) -> None:
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "id_rsa").write_text("")
    (tmp_path / ".ssh" / "id_rsa.pub").write_text("")

    assert existing_identities(config_dir, str(tmp_path), load_dot_ssh=False) == [identity_path(config_dir)]


def test_further_keys_are_offered_when_both_halves_exist(config_dir: str, tmp_path: Path) -> None:
    ssh = tmp_path / ".ssh"
    ssh.mkdir()
    for name in ("id_rsa", "id_rsa.pub", "id_ed25519", "id_ed25519.pub", "lonely.pub", "private-only", "config"):
        (ssh / name).write_text("")

    found = existing_identities(config_dir, str(tmp_path), load_dot_ssh=True)

    assert found == [identity_path(config_dir), str(ssh / "id_ed25519"), str(ssh / "id_rsa")]


def test_a_home_without_keys_offers_none(config_dir: str, tmp_path: Path) -> None:
    assert len(existing_identities(config_dir, str(tmp_path / "nowhere"), load_dot_ssh=True)) == 1


def test_our_own_key_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is missing"):
        existing_identities(str(tmp_path), "/nowhere", load_dot_ssh=False)
