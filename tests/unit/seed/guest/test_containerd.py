"""The boot script that unpacks and sets up containerd, in a box of namespaces with a medium made of a file."""

import io
import tarfile
from pathlib import Path

import msgspec
import pytest

from limavm.model.config import Containerd
from limavm.seed.documents import documents
from tests.unit.seed.examples import CONFIG, FACTS
from tests.unit.seed.guest.box import GuestBox, Result, is_possible

pytestmark = pytest.mark.skipif(not is_possible(), reason="needs user namespaces")

SCRIPT = "boot.Linux/40-install-containerd.sh"
VERSION = "sha256:0123"
NERDCTL = "home/prefix/bin/nerdctl"
SYSTEM_UNIT = "lib/systemd/system/containerd.service"
CONFIG_OF_SYSTEM = "etc/containerd/config.toml"
CONFIG_OF_USER = "home/tester.guest/.config/containerd/config.toml"
USER_UNIT = "home/tester.guest/.config/systemd/user/containerd.service"
LAUNCHER = "home/prefix/libexec/lima/containerd-rootless"


def packed(**programs: str) -> bytes:
    """An archive laid out as that of nerdctl; the programs are scripts."""
    image = io.BytesIO()
    with tarfile.open(fileobj=image, mode="w:gz") as archive:
        files = {f"bin/{name.replace('_', '-')}": f"#!/bin/sh\n{text}\n" for name, text in programs.items()}
        for name, text in {**files, SYSTEM_UNIT: "ExecStart=/usr/local/bin/containerd\n"}.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(text), 0o755
            archive.addfile(member, io.BytesIO(text.encode()))
    return image.getvalue()


class Guest:
    """A guest with this one boot script."""

    def __init__(self, path: Path) -> None:
        self.box = GuestBox(path)
        self.box.program("sudo", 'while :; do case $1 in -u) shift 2 ;; -*) shift ;; *) exec "$@" ;; esac; done')
        (self.box.root / "bin/tar").unlink()  # the real one
        self.box.write("run/user/1000/systemd/private", "")
        for name in ("full/device/model", "archive"):
            self.box.write(name, "")

    def boot(
        self,
        *,
        user: bool = False,
        system: bool = False,
        version: str = VERSION,
        archive: bytes | None = None,
        until: str = "",
    ) -> Result:
        """A boot that gets the archive on a medium, or none; what runs beside it goes on until that call is noted."""
        owner = msgspec.structs.replace(CONFIG.user, name="tester", home="/home/tester.guest", uid=1000)
        wanted = Containerd(user=user, system=system)
        config = msgspec.structs.replace(
            CONFIG, user=owner, provision=(), containerd=wanted, guest_install_prefix="/home/prefix"
        )
        size = len(archive) if archive else 0
        facts = msgspec.structs.replace(FACTS, containerd_version=version, containerd_archive=size)
        files = documents(config, facts)
        others = [name for name in files if name.startswith("boot.Linux/") and name != SCRIPT]
        self.box.seed(files | dict.fromkeys(others, b"#!/bin/sh\n"))
        # As QEMU shows it, in whole sectors.
        self.box.write("archive", (archive or b"") + bytes(-size % 512))
        self.box.write("full/device/model", f"{'lima-containerd' if archive else 'QEMU CD-ROM'} \n")
        root = self.box.root
        (root / "block/full").mkdir(parents=True, exist_ok=True)
        binds = f"mount --bind {root}/block /sys/block && mount --bind {root}/full /sys/block/full"
        booted = f"{binds} && mount --bind {root}/archive /dev/full && sh /mnt/lima-cidata/boot.sh"
        noted = f"count=0; until grep -qe '{until}' {root}/calls || [ $count -ge 100 ]"
        rest = f"status=$?; {noted}; do sleep 0.1; count=$((count + 1)); done; exit $status"
        return self.box.run(f"{booted}; {rest}" if until else booted)

    def reboot(self) -> None:
        self.box.reboot()
        self.box.write("run/user/1000/systemd/private", "")


@pytest.fixture
def guest(tmp_path: Path) -> Guest:
    return Guest(tmp_path / "box")


def test_the_archive_is_unpacked_and_its_services_are_enabled(guest: Guest) -> None:
    done = guest.boot(system=True, archive=packed(nerdctl='echo "completes $2"', buildkitd=":"))

    assert done.status == 0, done.log
    assert guest.box.exists(NERDCTL)
    assert guest.box.read("var/lib/lima/containerd") == f"{VERSION}\n"
    assert guest.box.read("etc/bash_completion.d/nerdctl") == "completes bash\n"
    assert 'imports = ["/etc/containerd/conf.d/*.toml"]' in guest.box.read(CONFIG_OF_SYSTEM)
    assert "stargz" not in guest.box.read(CONFIG_OF_SYSTEM)
    assert 'snapshotter = "overlayfs"' in guest.box.read("etc/buildkit/buildkitd.toml")
    assert guest.box.read("etc/systemd/system/containerd.service") == "ExecStart=/home/prefix/bin/containerd\n"
    assert "systemctl --quiet enable --now containerd.service" in guest.box.calls


def test_later_boots_need_no_medium_and_run_nothing(guest: Guest) -> None:
    guest.boot(system=True, archive=packed(nerdctl=":"))
    guest.reboot()
    guest.box.write(CONFIG_OF_SYSTEM, "mine\n")

    done = guest.boot(system=True)

    assert done.status == 0, done.log
    assert [call for call in guest.box.calls if call.startswith("systemctl")] == []
    assert guest.box.read(CONFIG_OF_SYSTEM) == "mine\n"


def test_another_version_takes_the_place_of_the_one_before(guest: Guest) -> None:
    guest.boot(system=True, archive=packed(nerdctl=":"))
    guest.reboot()
    guest.box.write(CONFIG_OF_SYSTEM, "mine\n")

    done = guest.boot(system=True, version="sha256:4567", archive=packed(nerdctl="# newer"))

    assert done.status == 0, done.log
    assert guest.box.read(NERDCTL) == "#!/bin/sh\n# newer\n"
    assert guest.box.read("var/lib/lima/containerd") == "sha256:4567\n"
    assert guest.box.read(CONFIG_OF_SYSTEM) == "mine\n"
    calls = guest.box.calls
    stopped = calls.index("systemctl --quiet disable --now containerd.service")
    assert stopped < calls.index("systemctl --quiet enable --now containerd.service")


def test_an_archive_that_is_not_there_is_told(guest: Guest) -> None:
    done = guest.boot(system=True)

    assert done.status == 1
    assert "the next start of the instance brings it" in done.log
    assert not guest.box.exists("var/lib/lima/containerd-setup")


def test_half_an_archive_is_no_version(guest: Guest) -> None:
    whole = packed(nerdctl=":")

    done = guest.boot(system=True, archive=whole[: len(whole) // 2])

    assert done.status == 1
    assert not guest.box.exists("var/lib/lima/containerd")
    guest.reboot()
    assert guest.boot(system=True, archive=whole).status == 0


def test_the_users_services_are_made_by_the_tool_of_the_archive(guest: Guest) -> None:
    tool = f'echo tool "$@" >>{guest.box.root}/calls'
    programs = {
        "nerdctl": ":",
        "containerd": ":",
        "buildkitd": ":",
        "containerd_stargz_grpc": ":",
        "containerd_rootless_setuptool.sh": tool,
    }

    done = guest.boot(user=True, archive=packed(**programs))

    assert done.status == 0, done.log
    assert [call.split()[1] for call in guest.box.calls if call.startswith("tool")] == [
        "install",
        "install-buildkit-containerd",
        "install-stargz",
    ]
    assert 'address = "/run/user/1000/containerd-stargz-grpc/containerd-stargz-grpc.sock"' in guest.box.read(
        CONFIG_OF_USER
    )
    assert not guest.box.exists(CONFIG_OF_SYSTEM)


def test_a_tool_that_fails_is_tried_again_at_the_next_boot(guest: Guest) -> None:
    done = guest.boot(user=True, archive=packed(nerdctl=":", containerd=":"))
    assert done.status == 1  # there is neither the tool nor rootlesskit

    guest.box.program("containerd-rootless-setuptool.sh", "exit 3")
    guest.reboot()
    assert guest.boot(user=True).status == 1
    guest.box.program("containerd-rootless-setuptool.sh", ":")
    guest.reboot()

    assert guest.boot(user=True).status == 0
    assert guest.box.exists("var/lib/lima/containerd-setup")


def test_packages_of_the_distribution_get_a_service_of_our_own(guest: Guest) -> None:
    for name in ("rootlesskit", "slirp4netns"):
        guest.box.program(name, "")
    guest.box.write("etc/systemd/system/multi-user.target.wants/containerd.service", "")

    done = guest.boot(user=True, version="")

    assert done.status == 0, done.log
    assert "ExecStart=/home/prefix/libexec/lima/containerd-rootless\n" in guest.box.read(USER_UNIT)
    assert (guest.box.root / USER_UNIT).parent.joinpath("default.target.wants/containerd.service").is_symlink()
    assert guest.box.exists(LAUNCHER)
    assert guest.box.exists("home/prefix/bin/ctr-rootless")
    assert "systemctl --quiet disable --now containerd.service" in guest.box.calls


def test_the_archive_takes_the_place_of_the_packages(guest: Guest) -> None:
    for name in ("rootlesskit", "slirp4netns"):
        guest.box.program(name, "")
    guest.boot(user=True, version="")
    guest.reboot()

    done = guest.boot(user=True, archive=packed(**{"nerdctl": ":", "containerd_rootless_setuptool.sh": ":"}))

    assert done.status == 0, done.log
    assert not guest.box.exists(USER_UNIT)
    assert not guest.box.exists(LAUNCHER)


def test_who_wants_none_has_nothing_of_it(guest: Guest) -> None:
    done = guest.boot()

    assert done.status == 0, done.log
    assert not guest.box.exists("var/lib/lima/containerd-setup")


def test_a_guest_without_systemd_is_told(guest: Guest) -> None:
    (guest.box.root / "run/systemd/system").rmdir()

    done = guest.boot(system=True)

    assert done.status == 1
    assert "for guests with systemd" in done.log


def test_a_later_boot_asks_the_users_services_to_run_whatever_became_of_them(guest: Guest) -> None:
    for name in ("rootlesskit", "slirp4netns"):
        guest.box.program(name, "")
    guest.boot(user=True, version="")
    guest.reboot()

    done = guest.boot(user=True, version="", until="start containerd")

    assert done.status == 0, done.log
    calls = [call for call in guest.box.calls if call.startswith("systemctl --user")]
    assert "systemctl --user --quiet reset-failed containerd.service" in calls
    assert calls[-1] == "systemctl --user --no-block start containerd.service"
