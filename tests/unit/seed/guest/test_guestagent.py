"""spec/runtime.md 7.1: the guest agent gets into the guest, in a box of namespaces."""

from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from limavm.instance.guestinstall import script
from limavm.model.config import PortForward, Provision
from limavm.seed.agentarchive import archive
from limavm.seed.agentbundle import bundle
from limavm.seed.documents import documents
from limavm.seed.environment import lima_env
from tests.unit.seed.examples import CONFIG, FACTS
from tests.unit.seed.guest.box import GuestBox, is_possible

pytestmark = pytest.mark.skipif(not is_possible(), reason="needs user namespaces")

replace = msgspec.structs.replace

PREFIX = "/var/lib/prefix"
INSTALLED = "var/lib/prefix/lib/lima-guestagent/installed"
PROGRAM = "var/lib/prefix/bin/lima-guestagent"
UNIT = "etc/systemd/system/lima-guestagent.service"
#: Notes how it is run, as the archive's own `install` would be.
AGENT = archive(
    {
        "__main__.py": b"""\
import os, sys
_, prefix, stamp, *flags = sys.argv[1:]
for name in ("lib/lima-guestagent", "bin"):
    os.makedirs(os.path.join(prefix, name), exist_ok=True)
open(os.path.join(prefix, "lib/lima-guestagent/installed"), "w").write(stamp + chr(10))
open(os.path.join(prefix, "bin/lima-guestagent"), "w").write(f"#!{sys.executable} -IS" + chr(10))
print("installed", *sys.argv[1:], sys.flags.isolated, sys.flags.no_site)
"""
    }
)
PORT = "io.lima-vm.guest_agent.0"


@pytest.fixture
def box(tmp_path: Path) -> GuestBox:
    return GuestBox(tmp_path / "box")


def seed(**facts: object) -> dict[str, bytes]:
    user = replace(CONFIG.user, name="tester", home="/home/tester.guest")
    config = replace(CONFIG, user=user, guest_install_prefix=PREFIX)
    given: Mapping[str, object] = {"guest_agent": AGENT, "virtio_port": PORT, **facts}
    return documents(config, replace(FACTS, **given))


def installations(log: str) -> list[str]:
    return [line for line in log.splitlines() if line.startswith("installed ")]


def test_the_first_boot_installs_it_with_its_transport(box: GuestBox) -> None:
    box.seed(seed())

    done = box.boot()

    [line] = installations(done.log)
    assert line.startswith(f"installed install {PREFIX} ")
    assert line.endswith(f" --virtio-port={PORT} 1 1")
    assert done.status == 0


#: Tells whether the boot was over when it was installed.
WATCHER = archive({"__main__.py": b"import os; print('installed', os.path.exists('/run/lima-boot-done'))"})
RULE = {"port_forwards": (PortForward(guest_port_range=(80, 80)),)}
SCRIPT = {"provision": (Provision(mode="system", script="#!/bin/sh\ntrue\n"),)}


def test_it_is_installed_when_all_else_is_done_where_nothing_of_the_start_needs_it(box: GuestBox) -> None:
    box.seed(seed(guest_agent=WATCHER))

    done = box.boot()

    assert installations(done.log) == ["installed True"]
    assert done.status == 0


def test_it_is_installed_before_the_scripts_of_others_run(box: GuestBox) -> None:
    config = replace(CONFIG, guest_install_prefix=PREFIX, **SCRIPT)
    box.seed(documents(config, replace(FACTS, guest_agent=WATCHER, virtio_port=PORT)))

    assert installations(box.boot().log) == ["installed False"]


@pytest.mark.parametrize(("changes", "late"), [({}, "1"), (RULE, ""), (SCRIPT, "")])
def test_it_is_not_late_where_a_rule_or_a_script_may_count_on_it(changes: dict[str, object], late: str) -> None:
    config = replace(CONFIG, **changes)

    assert f"LIMA_CIDATA_GUESTAGENT_LATE={late}\n".encode() in lima_env(config, FACTS)


def test_later_boots_find_it_there_and_run_nothing(box: GuestBox) -> None:
    box.seed(seed())
    box.boot()
    box.reboot()
    box.seed(seed(boot_token="boot-2"))

    assert installations(box.boot().log) == []


@pytest.mark.parametrize(
    "change", [{"guest_agent": archive({"__main__.py": b"print('installed', 'other')\n"})}, {"debug": True}]
)
def test_another_agent_or_another_service_is_installed_again(box: GuestBox, change: dict[str, object]) -> None:
    box.seed(seed())
    box.boot()
    box.reboot()
    box.seed(seed(**change))

    assert len(installations(box.boot().log)) == 1


def test_a_program_of_lima_itself_is_replaced(box: GuestBox) -> None:
    box.seed(seed())
    box.boot()
    box.write(PROGRAM, b"\x7fELF\0\0\n")
    box.reboot()

    assert len(installations(box.boot().log)) == 1


def test_a_guest_that_shall_have_none_gets_none(box: GuestBox) -> None:
    box.seed(seed(guest_agent=b""))

    assert installations(box.boot().log) == []
    assert not box.exists("run/lima-guestagent-setup")


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (
            {"vsock_port": 2222, "agent_token": "secret"},
            "--vsock-port=2222 --token-file=/var/lib/lima/guestagent-token",
        ),
        ({"agent_token": "secret"}, f"--virtio-port={PORT} --token-file=/var/lib/lima/guestagent-token"),
        ({"virtio_port": ""}, "--socket-owner=1000"),
        (
            {"virtio_port": "", "agent_token": "secret"},
            "--socket-owner=1000 --token-file=/var/lib/lima/guestagent-token",
        ),
    ],
)
def test_the_transport_follows_the_seed(box: GuestBox, facts: dict[str, object], words: str) -> None:
    box.seed(seed(**facts))

    [line] = installations(box.boot().log)

    assert line.endswith(f" {words} 1 1")


def test_scripts_of_others_do_not_see_the_token(box: GuestBox) -> None:
    script = '#!/bin/sh\necho "sees ${LIMA_CIDATA_AGENT_TOKEN-nothing}, $LIMA_CIDATA_NAME"\n'
    step = Provision(mode="system", script=script)
    config = replace(CONFIG, guest_install_prefix=PREFIX, provision=(step,))
    box.seed(documents(config, replace(FACTS, guest_agent=AGENT, virtio_port=PORT, agent_token="secret")))

    done = box.boot()

    assert f"sees nothing, {FACTS.name}" in done.log
    assert "secret" not in done.log


@pytest.mark.parametrize("port", ["", PORT])
def test_a_token_is_for_root_only_and_a_new_one_is_told_to_the_service(box: GuestBox, port: str) -> None:
    token = box.root / "var/lib/lima/guestagent-token"
    box.seed(seed(virtio_port=port, agent_token="first"))
    box.boot()
    assert (token.read_text(), token.stat().st_mode & 0o777) == ("first\n", 0o600)
    box.reboot()
    box.seed(seed(virtio_port=port, agent_token="second"))

    done = box.boot()

    assert (token.read_text(), token.stat().st_mode & 0o777) == ("second\n", 0o600)
    assert installations(done.log) == []
    assert "systemctl --no-block try-restart lima-guestagent.service" in box.calls


def test_the_service_of_old_releases_is_removed_from_the_users(box: GuestBox) -> None:
    legacy = "home/tester.guest/.config/systemd/user/lima-guestagent.service"
    box.write(legacy, "[Unit]\n")
    box.seed(seed())

    box.boot()

    assert not box.exists(legacy)


def test_a_guest_without_a_python_that_is_new_enough_goes_on_without_it(box: GuestBox) -> None:
    files = seed()
    files["util/find_python.sh"] = b"#!/bin/sh\npython=\n"
    box.seed(files)

    done = box.boot()

    assert done.status == 0
    assert installations(done.log) == []


def test_python_is_installed_where_there_is_none_and_the_agent_after_it(box: GuestBox) -> None:
    files = seed()
    find = files["util/find_python.sh"]
    files["util/find_python.sh"] = b"#!/bin/sh\npython=\n[ -e /run/python ] || return 0\n" + find
    box.program("apt-get", f'echo apt-get "$@" >>{box.root}/calls; : >/run/python')
    box.program("head", "printf ELF")
    box.program("tr", "cat")
    # No system has this name for it, so that the package of it is the one to install.
    script_name = "boot.Linux/30-install-packages.sh"
    files[script_name] = files[script_name].replace(b"command -v python3 >/dev/null ||", b"")
    box.seed(files)

    done = box.boot()

    assert "apt-get install -y --no-upgrade --no-install-recommends -q python3" in box.calls
    assert len(installations(done.log)) == 1


def test_the_real_archive_installs_itself(box: GuestBox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    box.seed(seed(guest_agent=bundle()))

    done = box.boot()

    assert (done.status, "WARNING" in done.log) == (0, False), done.log
    assert box.read(INSTALLED).endswith(f" --virtio-port={PORT}\n")
    assert f'"{PREFIX}/bin/lima-guestagent" "daemon" "--virtio-port={PORT}"' in box.read(UNIT)
    assert "systemctl --system --no-block restart lima-guestagent.service" in box.calls
    asked = box.run(f"{PREFIX}/bin/lima-guestagent daemon --no-such-flag")
    assert asked.status == 1
    assert "--no-such-flag" in asked.log


def test_guest_install_does_what_the_boot_does_in_a_guest_that_runs(box: GuestBox) -> None:
    box.seed({"lima.env": lima_env(replace(CONFIG, guest_install_prefix=PREFIX), replace(FACTS, virtio_port=PORT))})
    box.write("run/lima-guestagent-install/lima-guestagent", AGENT)
    box.write("mnt/script", script("0123456789abcdef" * 4))

    done = box.run("sh </mnt/script")

    assert (done.status, len(installations(done.log))) == (0, 1), done.log
    assert box.read(INSTALLED) == f"{'0123456789abcdef' * 4} --virtio-port={PORT}\n"
    assert not box.exists("run/lima-guestagent-install")
