import pytest

from limavm.cli.setkeys import candidates


def test_keys_are_offered_down_to_two_levels() -> None:
    found = candidates(".")

    assert {".cpus=", ".ssh=", ".ssh.localPort=", ".ssh.loadDotSSHPubKeys=", ".images=", ".vmOpts="} < set(found)
    assert all(key.startswith(".") and key.endswith("=") and key.count(".") <= 2 for key in found)
    assert not [key for key in found if key.startswith((".images.", ".env.", ".vmOpts."))]
    assert len(found) == len(set(found))


@pytest.mark.parametrize(
    ("typed", "values"),
    [
        (".vmType=", [".vmType=qemu", ".vmType=vz", ".vmType=wsl2"]),
        (".os=L", [".os=Linux", ".os=Darwin", ".os=FreeBSD"]),
        (".plain=", [".plain=true", ".plain=false"]),
        (".ssh.forwardAgent=", [".ssh.forwardAgent=true", ".ssh.forwardAgent=false"]),
        (".cpus=", []),
        (".ssh=", []),
        (".nope=", []),
        ("=", []),
    ],
)
def test_known_values_are_offered_behind_the_sign(typed: str, values: list[str]) -> None:
    assert candidates(typed) == values
