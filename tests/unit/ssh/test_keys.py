"""The identity of all instances, made and repaired by a real ssh-keygen."""

import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from limavm.errors import UserError
from limavm.ssh.keys import ensure_identity, key_error, public_keys

pytestmark = pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="needs ssh-keygen")


@pytest.fixture
def config_dir(tmp_path: Path) -> Path:
    return tmp_path / "_config"


def pair(config_dir: Path) -> tuple[str, str]:
    return (config_dir / "user").read_text(), (config_dir / "user.pub").read_text()


def derived(config_dir: Path) -> list[str]:
    argv = ["ssh-keygen", "-y", "-P", "", "-f", str(config_dir / "user")]
    return subprocess.run(argv, capture_output=True, check=True, text=True).stdout.split()[:2]


def test_the_first_call_makes_an_ed25519_pair_without_passphrase(config_dir: Path) -> None:
    path = ensure_identity(str(config_dir))

    assert path == str(config_dir / "user")
    assert (config_dir / "user.pub").read_text().startswith("ssh-ed25519 ")
    assert (config_dir / "user.pub").read_text().endswith(" lima\n")
    assert stat.S_IMODE((config_dir / "user").stat().st_mode) == 0o600
    assert stat.S_IMODE(config_dir.stat().st_mode) == 0o700
    assert sorted(file.name for file in config_dir.iterdir()) == ["user", "user.pub"]


def test_what_a_killed_command_has_begun_is_removed(config_dir: Path) -> None:
    config_dir.mkdir()
    for name in ("user.1.tmp", "user.1.tmp.pub"):
        (config_dir / name).touch()

    ensure_identity(str(config_dir))

    assert sorted(file.name for file in config_dir.iterdir()) == ["user", "user.pub"]


def test_a_second_call_changes_nothing(config_dir: Path) -> None:
    ensure_identity(str(config_dir))
    before = pair(config_dir)

    ensure_identity(str(config_dir))

    assert pair(config_dir) == before


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(lambda d: (d / "user.pub").unlink(), id="missing"),
        pytest.param(lambda d: (d / "user.pub").write_text(""), id="empty"),
        pytest.param(lambda d: (d / "user.pub").write_text("ssh-ed25519 AAAAC3Nz"), id="cut"),
        pytest.param(lambda d: (d / "user.pub").write_text("hello\nworld\n"), id="nonsense"),
    ],
)
def test_a_lost_public_half_is_made_again_from_the_private_one(
    harm: Callable[[Path], object], config_dir: Path
) -> None:
    ensure_identity(str(config_dir))
    before = pair(config_dir)
    harm(config_dir)

    ensure_identity(str(config_dir))

    assert pair(config_dir) == before


def test_a_public_half_of_another_key_is_replaced(config_dir: Path, tmp_path: Path) -> None:
    ensure_identity(str(config_dir))
    ensure_identity(str(tmp_path / "other"))
    shutil.copy(tmp_path / "other" / "user.pub", config_dir / "user.pub")

    ensure_identity(str(config_dir))

    assert pair(config_dir)[1].split()[:2] == derived(config_dir)


def test_a_lone_public_half_gives_way_to_a_new_pair(config_dir: Path) -> None:
    ensure_identity(str(config_dir))
    (config_dir / "user").unlink()

    ensure_identity(str(config_dir))

    assert pair(config_dir)[1].split()[:2] == derived(config_dir)


@pytest.mark.parametrize("content", ["", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz\n"])
def test_a_half_written_private_key_is_kept_aside_and_replaced(content: str, config_dir: Path) -> None:
    ensure_identity(str(config_dir))
    (config_dir / "user").write_text(content)

    ensure_identity(str(config_dir))

    assert (config_dir / "user.broken-1").read_text() == content
    assert pair(config_dir)[1].split()[:2] == derived(config_dir)


def test_a_private_key_that_others_may_read_is_closed(config_dir: Path) -> None:
    ensure_identity(str(config_dir))
    (config_dir / "user").chmod(0o644)

    ensure_identity(str(config_dir))

    assert stat.S_IMODE((config_dir / "user").stat().st_mode) == 0o600


def test_the_guest_gets_our_own_key_only_unless_more_are_wanted(config_dir: Path, tmp_path: Path) -> None:
    ensure_identity(str(config_dir))
    home = tmp_path / "home"
    ensure_identity(str(home / ".ssh"))
    (home / ".ssh" / "broken.pub").write_text("ssh-ed25519 not/base64!\n")
    (home / ".ssh" / "binary.pub").write_bytes(b"\xff\xfe\0")
    own, other = pair(config_dir)[1].strip(), pair(home / ".ssh")[1].strip()

    assert public_keys(str(config_dir), str(home), load_dot_ssh=False) == [own]
    assert public_keys(str(config_dir), str(home), load_dot_ssh=True) == [own, other]


def test_a_home_without_ssh_directory_has_no_further_keys(config_dir: Path, tmp_path: Path) -> None:
    ensure_identity(str(config_dir))

    assert len(public_keys(str(config_dir), str(tmp_path), load_dot_ssh=True)) == 1


def test_our_own_key_must_be_there(config_dir: Path) -> None:
    with pytest.raises(UserError, match="not a public key"):
        public_keys(str(config_dir), "/nowhere", load_dot_ssh=False)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "empty"),
        ("ssh-ed25519\n", "not of the type"),
        ("ssh-ed25519 AAAA\nssh-rsa AAAA", "single line"),
        ('command="x" ssh-ed25519 AAAA', "base64"),
        ("ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIA==", "not of the type"),
        ("ssh-ed25519-cert-v01@openssh.com AAAA", "certificate"),
    ],
)
def test_what_is_no_public_key_is_told_apart(text: str, problem: str) -> None:
    assert problem in (key_error(text) or "")
