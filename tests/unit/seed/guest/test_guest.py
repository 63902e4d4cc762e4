"""spec/runtime.md 6.6 and 6.7: boot.sh and the boot scripts, run in a box of namespaces."""

import json
import re
import shlex
import shutil
import stat
from pathlib import Path

import msgspec
import pytest
import yaml

from limavm.model.config import Config, Mount, Provision
from limavm.model.mount import mount_tag
from limavm.seed.documents import documents
from limavm.seed.facts import SeedFacts
from limavm.seed.scripts import guest_file
from limavm.seed.yqbundle import yq_bundle
from tests.unit.seed.examples import CONFIG, FACTS
from tests.unit.seed.guest.box import GuestBox, is_possible

pytestmark = pytest.mark.skipif(not is_possible(), reason="needs user namespaces")

replace = msgspec.structs.replace


@pytest.fixture
def box(tmp_path: Path) -> GuestBox:
    return GuestBox(tmp_path / "box")


def seed(config: Config = CONFIG, facts: SeedFacts = FACTS, *steps: Provision) -> dict[str, bytes]:
    user = replace(config.user, name="tester", home="/home/tester.guest")
    return documents(replace(config, user=user, provision=steps), facts)


def system(script: str) -> Provision:
    return Provision(script="#!/bin/sh\n" + script)


@pytest.mark.parametrize("shell", ["", "bash --posix", "busybox sh"])
def test_a_boot_ends_well_and_tells_the_host_so(box: GuestBox, shell: str) -> None:
    program, _, arguments = shell.partition(" ")
    path = shutil.which(program) if shell else ""
    if path is None:
        pytest.skip(f"needs {program}")
    box.seed(seed())

    done = box.boot(f"{path} {arguments}")

    assert (done.status, "WARNING" in done.log) == (0, False), done.log
    assert box.read("run/lima-ssh-ready") == "boot-1\n"
    assert box.read("run/lima-boot-done") == "boot-1\n"
    assert not box.exists("run/lima-fuse-ready")


def test_whoever_comes_second_in_the_same_boot_leaves_the_work_to_the_first(box: GuestBox) -> None:
    box.seed(seed())
    box.boot()
    (box.root / "run/lima-boot-done").unlink()

    done = box.boot()

    assert (done.status, done.log) == (0, "")
    assert not box.exists("run/lima-boot-done")


def test_the_second_boot_tells_its_own_token_and_repeats_nothing(box: GuestBox) -> None:
    box.seed(seed())
    box.boot()
    before = {
        name: box.read(name) for name in ("etc/hosts", "etc/subuid", "etc/environment", "home/tester.guest/.profile")
    }
    box.reboot()
    box.seed(seed(facts=replace(FACTS, boot_token="boot-2")))

    done = box.boot()

    assert done.status == 0, done.log
    assert box.read("run/lima-boot-done") == "boot-2\n"
    assert {name: box.read(name) for name in before} == before
    assert [call for call in box.calls if not call.startswith("modprobe")] == []


def test_a_script_that_fails_is_named_and_stops_nothing(box: GuestBox) -> None:
    box.seed(seed(CONFIG, FACTS, system("exit 3"), system("echo went on > /run/after")))

    done = box.boot()

    assert done.status == 1
    assert "WARNING: Failed to execute /mnt/lima-cidata/provision.system/00000000" in done.log
    assert box.read("run/after") == "went on\n"
    assert box.exists("run/lima-boot-done")


def told(box: GuestBox) -> list[str]:
    return [
        line
        for path in sorted((box.root / "run").glob("lima-boot-failures.*"))
        for line in path.read_text().splitlines()
    ]


def test_what_has_failed_is_kept_for_the_host_with_the_end_of_its_output(box: GuestBox) -> None:
    box.write("etc/file", "x")
    box.write("run/user/1000/systemd/private", "")
    box.seed(
        seed(
            CONFIG,
            FACTS,
            system("seq 1 20; echo oh no >&2; exit 3"),
            Provision(mode="user", script="#!/bin/sh\nprintf 'no newline'; exit 4\n"),
            Provision(mode="dependency", script="#!/bin/sh\nfalse\n"),
            Provision(mode="data", content="x", path="/etc/file/below", owner="root:root"),
            system("echo fine"),
        )
    )

    done = box.boot()

    assert done.status == 1
    assert "\noh no\n" in done.log
    assert told(box) == [
        "/mnt/lima-cidata/provision.dependency/00000002: exit status 1",
        "/mnt/lima-cidata/provision.data/00000003: exit status 1",
        *[line for line in told(box) if "/etc/file" in line],
        "/mnt/lima-cidata/provision.system/00000000: exit status 3",
        *(f"\t{number}" for number in range(12, 21)),
        "\toh no",
        "/mnt/lima-cidata/provision.user/00000001: exit status 4",
        "\tno newline",
    ]
    assert box.exists("run/lima-boot-done")
    assert stat.S_IMODE(next((box.root / "run").glob("lima-boot-failures.*")).stat().st_mode) == 0o600


def test_a_boot_without_failures_keeps_nothing(box: GuestBox) -> None:
    box.seed(seed(CONFIG, FACTS, system("echo fine")))

    done = box.boot()

    assert "\nfine\n" in done.log
    assert (done.status, told(box)) == (0, [])


def test_a_boot_script_that_fails_is_told_with_its_errors(box: GuestBox) -> None:
    files = seed()
    files["boot.Linux/01-broken.sh"] = b"#!/bin/sh\nset -eu\necho seen\necho why >&2\nfalse\n"
    files["boot.Linux/02-broken.bg.sh"] = b"#!/bin/sh\nexit 5\n"
    box.seed(files)

    done = box.boot()

    assert done.status == 1
    assert {"seen", "why"} <= set(done.log.splitlines())
    assert sorted(told(box)) == [
        "\twhy",
        "/mnt/lima-cidata/boot.Linux/01-broken.sh: exit status 1",
        "/mnt/lima-cidata/boot.Linux/02-broken.bg.sh: exit status 5",
    ]


def test_what_an_authors_script_leaves_running_is_not_waited_for(box: GuestBox) -> None:
    box.seed(seed(CONFIG, FACTS, system("sleep 50 & echo started"), system("sleep 50 & echo started; exit 2")))

    done = box.boot()

    assert done.log.count("started") >= 2
    assert told(box) == ["/mnt/lima-cidata/provision.system/00000001: exit status 2", "\tstarted"]


def test_a_script_of_mode_boot_runs_before_all_others_and_its_failure_is_told(box: GuestBox) -> None:
    script = '#!/bin/bash -e\n[[ $PARAM_P = "it\'s" ]] && echo early >&2\nexit 6\n'
    step = Provision(mode="boot", script=script)
    config = replace(CONFIG, provision=(step,), param={"P": "it's"})
    argv = yaml.safe_load(documents(config, FACTS)["user-data"])["bootcmd"][-1]
    box.seed(seed())

    done = box.run(f"{shlex.join(argv)}; echo status $?; /mnt/lima-cidata/boot.sh")

    assert "early\n" in done.log
    assert "status 6\n" in done.log
    assert told(box) == ["provision.boot/00000000: exit status 6", "\tearly"]
    assert box.exists("run/lima-boot-done")


@pytest.fixture(scope="module")
def yq(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        return yq_bundle()


def test_files_are_edited_by_expressions_between_data_and_scripts(box: GuestBox, yq: bytes) -> None:
    steps = (
        system("cat /etc/app.json >/run/seen"),
        Provision(mode="yq", path="/etc/app.json", expression=".b = strenv(PARAM_P)", permissions="640"),
        Provision(mode="data", path="/etc/app.json", content='{"a": 1}\n', permissions="600"),
        Provision(mode="yq", path="/etc/new/dir/app.yaml", expression=".x.y = 1", owner="0:0"),
    )
    box.seed(seed(replace(CONFIG, param={"P": "a b"}), replace(FACTS, yq=yq), *steps))

    done = box.boot()

    assert done.status == 0, done.log
    assert json.loads(box.read("run/seen")) == {"a": 1, "b": "a b"}
    assert box.read("etc/new/dir/app.yaml") == "x:\n  y: 1\n"
    assert stat.S_IMODE((box.root / "etc/app.json").stat().st_mode) == 0o640
    assert stat.S_IMODE((box.root / "etc/new/dir/app.yaml").stat().st_mode) == 0o644


def test_an_expression_that_fails_leaves_the_file_and_is_told(box: GuestBox, yq: bytes) -> None:
    box.write("etc/app.yaml", "a: [")
    steps = (
        Provision(mode="yq", path="/etc/app.yaml", expression=".b = 1"),
        Provision(mode="yq", path="/etc/other.yaml", expression=".b = 1", format="xml"),
    )
    box.seed(seed(CONFIG, replace(FACTS, yq=yq), *steps))

    done = box.boot()

    assert done.status == 1
    assert box.read("etc/app.yaml") == "a: ["
    assert not box.exists("etc/other.yaml")
    assert [line for line in told(box) if not line.startswith("\t")] == [
        "/mnt/lima-cidata/provision.yq/00000000: exit status 1",
        "/mnt/lima-cidata/provision.yq/00000001: exit status 1",
    ]
    assert any("not YAML" in line for line in told(box))


def test_a_file_that_its_owner_may_not_write_is_not_edited(box: GuestBox, yq: bytes) -> None:
    box.write("etc/app.yaml", "a: 1\n")
    box.program("sudo", 'case "$*" in *" test -w "*) exit 1 ;; esac; exit 0')
    step = Provision(mode="yq", path="/etc/app.yaml", expression=".a = 2", owner="tester:tester")
    box.seed(seed(CONFIG, replace(FACTS, yq=yq), step))

    box.boot()

    assert box.read("etc/app.yaml") == "a: 1\n"
    assert told(box)[1] == "\tthe owner tester may not write to /etc/app.yaml"


def test_errors_inside_a_boot_script_end_that_script_only(box: GuestBox) -> None:
    files = seed()
    files["boot.Linux/01-broken.sh"] = b"#!/bin/sh\nset -eu\nfalse\necho not reached\n"
    files["boot.Linux/02-other.sh"] = b"#!/bin/bash\n[[ -n $BASH_VERSION ]] && echo in bash\n"
    box.seed(files)

    done = box.boot()

    assert done.status == 1
    assert "WARNING: Failed to execute /mnt/lima-cidata/boot.Linux/01-broken.sh" in done.log
    assert "not reached" not in done.log
    assert "in bash" in done.log


def test_scripts_see_the_variables_of_the_seed(box: GuestBox) -> None:
    config = replace(CONFIG, param={"P": "a b  c=d'"}, env={"E": 'q"uo', "http_proxy": "http://localhost:1"})
    box.seed(seed(config, FACTS, system('printf "%s\\n" "$PARAM_P" "$E" "$http_proxy" "$LIMA_CIDATA_NAME" >/run/seen')))

    box.boot()

    assert box.read("run/seen").splitlines() == ["a b  c=d'", 'q"uo', "http://192.168.5.2:1", "default"]


def test_the_environment_is_read_as_pam_reads_it(box: GuestBox) -> None:
    files = seed(CONFIG, FACTS, system('printf "%s|" "$A" "$B" "$C" "${D-unset}" "$G" >/run/seen'))
    files["etc_environment"] = b"  export A=\"x y\"\nB='z' # why\nC=1#2\n#D=1\n E-F=1\nG=\n\nnonsense"
    box.seed(files)

    done = box.boot()

    assert done.status == 0, done.log
    assert box.read("run/seen") == "x y|z|1|unset||"


def test_a_requested_reboot_keeps_the_host_waiting(box: GuestBox) -> None:
    box.seed(seed(CONFIG, FACTS, system(': >"$LIMA_REBOOT_REQUIRED"')))

    box.boot()

    assert not box.exists("run/lima-boot-done")


def test_nothing_is_begun_that_a_reboot_would_cut_off(box: GuestBox) -> None:
    files = seed(CONFIG, FACTS, system("echo ran >/run/author"))
    files["boot.Linux/00-a.sh"] = b'#!/bin/sh\n: >"$LIMA_REBOOT_REQUIRED"\n'
    box.seed(files)

    done = box.boot()

    assert "00-check-rtc" not in done.log
    assert "A reboot is required" in done.log
    assert not box.exists("run/author")
    assert not box.exists("run/lima-boot-done")


def test_upgraded_packages_that_ask_for_a_reboot_get_one(box: GuestBox) -> None:
    box.program("dnf", 'case "$*" in *--help) exit 0 ;; *) exit 1 ;; esac')
    box.seed(seed(replace(CONFIG, upgrade_packages=True)))

    def reboots() -> bool:
        shutil.rmtree(box.root / "run")  # it is new at each boot
        (box.root / "run/systemd/system").mkdir(parents=True)
        before = len(box.calls)
        box.boot()
        asked = "systemctl reboot" in box.calls[before:]
        assert box.exists("run/lima-boot-done") is not asked
        return asked

    assert [reboots(), reboots()] == [True, False]  # in vain, so that it is not tried for ever
    box.program("dnf", "exit 0")
    assert not reboots()
    assert not box.exists("var/lib/lima/upgrade-reboot")


def test_a_plain_instance_runs_the_essential_scripts_and_the_authors_only(box: GuestBox) -> None:
    box.seed(seed(replace(CONFIG, plain=True), FACTS, system("echo ran >/run/author")))

    done = box.boot()

    assert "boot.Linux/" not in done.log
    assert "boot.essential.Linux/" in done.log
    assert box.read("run/author") == "ran\n"
    assert box.read("run/lima-boot-done") == "boot-1\n"


def test_data_arrives_with_owner_and_permissions(box: GuestBox) -> None:
    step = Provision(mode="data", content="a\nb", path="/etc/new/dir/my file", owner="root:root", permissions="600")
    box.seed(seed(CONFIG, FACTS, step))

    done = box.boot()

    assert done.status == 0, done.log
    assert box.read("etc/new/dir/my file") == "a\nb"
    assert stat.S_IMODE((box.root / "etc/new/dir/my file").stat().st_mode) == 0o600


@pytest.mark.parametrize(("overwrite", "expected"), [(True, "new"), (None, "new"), (False, "old")])
def test_data_replaces_a_file_unless_told_not_to(box: GuestBox, overwrite: bool | None, expected: str) -> None:
    box.write("etc/app", "old")
    box.seed(seed(CONFIG, FACTS, Provision(mode="data", content="new", path="/etc/app", overwrite=overwrite)))

    box.boot()

    assert box.read("etc/app") == expected


def test_user_scripts_wait_for_the_users_systemd_and_run_from_the_home(box: GuestBox) -> None:
    box.write("run/user/1000/systemd/private", "")
    step = Provision(
        mode="user", script='#!/bin/sh\necho "$0 $XDG_RUNTIME_DIR $PARAM_A" >~/seen || echo "$0" >/run/seen'
    )
    config = replace(CONFIG, param={"A": "1"})
    box.program(
        "sudo",
        'echo sudo "$@" >>/run/sudo-calls; HOME=/home/tester.guest; export HOME; for last; do :; done; "$last"',
    )
    box.seed(seed(config, FACTS, step))

    done = box.boot()

    assert done.status == 0, done.log
    assert box.read("home/tester.guest/seen") == "/home/tester.guest/.lima-user-script /run/user/1000 1\n"
    assert "--preserve-env=XDG_RUNTIME_DIR,PARAM_A" in box.read("run/sudo-calls")
    assert not box.exists("home/tester.guest/.lima-user-script")


def test_dependency_scripts_come_before_the_authors_others(box: GuestBox) -> None:
    steps = (
        system("echo system >>/run/order"),
        Provision(mode="dependency", script="#!/bin/sh\necho dep >>/run/order\n"),
    )
    box.seed(seed(CONFIG, FACTS, *steps))

    box.boot()

    assert box.read("run/order").split() == ["dep", "system"]


def test_a_password_is_made_once_where_sudo_asks_for_one(box: GuestBox) -> None:
    config = replace(CONFIG, user=replace(CONFIG.user, passwordless_sudo=False))
    box.seed(seed(config))
    box.boot()
    password = box.read("home/tester.guest/password").strip()
    assert f"tester:{password}" in box.calls
    box.reboot()

    box.boot()

    assert len(password) == 16
    assert int(password, 16) >= 0
    assert stat.S_IMODE((box.home / "password").stat().st_mode) == 0o600
    assert box.read("home/tester.guest/password").strip() == password
    assert not any(call.startswith("chpasswd") for call in box.calls)


def test_etc_environment_keeps_the_lines_of_others(box: GuestBox) -> None:
    box.write("etc/environment", 'PATH="/bin"\n#LIMA-START\nOLD=1\n#LIMA-END\nLAST=1')
    box.write("run/systemd/users/1000", "")
    box.seed(seed(replace(CONFIG, env={"NEW": "2"})))

    box.boot()

    assert box.read("etc/environment") == 'PATH="/bin"\nLAST=1\n#LIMA-START\nNEW=2\n#LIMA-END\n'
    assert "loginctl terminate-user tester" in box.calls


def test_sessions_stay_when_the_environment_is_the_same(box: GuestBox) -> None:
    box.write("etc/environment", 'PATH="/bin"\n#LIMA-START\nNEW=2\n#LIMA-END\n')
    box.write("run/systemd/users/1000", "")
    box.seed(seed(replace(CONFIG, env={"NEW": "2"})))

    box.boot()

    assert "loginctl terminate-user tester" not in box.calls


def test_the_host_has_one_name_in_etc_hosts(box: GuestBox) -> None:
    box.write("etc/hosts", "127.0.0.1\tlocalhost\n10.0.2.2 host.lima.internal\n::1 ip6-localhost")
    box.seed(seed())

    box.boot()

    assert box.read("etc/hosts") == "127.0.0.1\tlocalhost\n::1 ip6-localhost\n192.168.5.2\thost.lima.internal\n"


def test_a_second_name_of_the_host_stays(box: GuestBox) -> None:
    line = "192.168.5.2\thost.lima.internal host.docker.internal"
    text = f"127.0.0.1\tlocalhost\n{line}\n10.0.2.2 host.lima.internal old\n10.0.0.1 ghost.lima.internal\n"
    box.write("etc/hosts", text)
    box.seed(seed())

    box.boot()

    assert box.read("etc/hosts") == text.replace("10.0.2.2 host.lima.internal old\n", "")


def test_dns_is_redirected_to_the_ports_of_this_start(box: GuestBox) -> None:
    box.seed(seed(facts=replace(FACTS, udp_dns_local_port=5301, tcp_dns_local_port=0)))

    done = box.boot()

    assert done.status == 0, done.log
    at = box.calls.index("iptables-restore --noflush")
    assert box.calls[at + 1 : at + 8] == [
        "*nat",
        ":LIMADNS - [0:0]",
        "-A LIMADNS -d 192.168.5.3 -p udp --dport 53 -j DNAT --to-destination 192.168.5.2:5301",
        "",
        "-I PREROUTING 1 -j LIMADNS",
        "-I OUTPUT 1 -j LIMADNS",
        "COMMIT",
    ]
    assert box.calls.count("iptables-restore --noflush") == 1
    assert "nft -f -" not in box.calls


def test_dns_is_redirected_by_nft_where_iptables_does_not_work(box: GuestBox) -> None:
    box.program("iptables-restore", "exit 1")
    box.seed(seed(facts=replace(FACTS, udp_dns_local_port=5301, tcp_dns_local_port=5302)))

    done = box.boot()

    assert done.status == 0, done.log
    at = box.calls.index("nft -f -")
    assert [call.strip() for call in box.calls[at + 1 : at + 16]] == [
        "table ip lima_dns",
        "delete table ip lima_dns",
        "table ip lima_dns {",
        "chain lima {",
        "ip daddr 192.168.5.3 udp dport 53 dnat to 192.168.5.2:5301",
        "ip daddr 192.168.5.3 tcp dport 53 dnat to 192.168.5.2:5302",
        "}",
        "chain prerouting {",
        "type nat hook prerouting priority -110; policy accept;",
        "jump lima",
        "}",
        "chain output {",
        "type nat hook output priority -110; policy accept;",
        "jump lima",
        "}",
    ]
    assert box.calls.count("nft -f -") == 1


@pytest.mark.parametrize(
    ("sysctl", "raised"), [("echo 8192", True), ("echo 262144", False), ("exit 1", False), ("exec not-there", False)]
)
def test_a_guest_that_redirects_has_room_for_many_connections(sysctl: str, raised: bool, box: GuestBox) -> None:
    box.program("sysctl", f'echo sysctl "$@" >>{box.root}/calls; {sysctl}')
    box.seed(seed(facts=replace(FACTS, udp_dns_local_port=5301)))

    done = box.boot()

    assert done.status == 0, done.log
    assert ("sysctl -q -w net.netfilter.nf_conntrack_max=65536" in box.calls) == raised


def test_a_guest_whose_packet_filter_does_not_work_says_so(box: GuestBox) -> None:
    for name in ("iptables-restore", "nft"):
        box.program(name, "exit 1")
    box.seed(seed(facts=replace(FACTS, udp_dns_local_port=5301)))

    done = box.boot()

    assert done.status == 1
    assert "WARNING: Failed to execute /mnt/lima-cidata/boot.Linux/09-host-dns-setup.sh" in done.log


def test_names_are_found_even_where_the_guest_agent_cannot_be_installed(box: GuestBox) -> None:
    box.program("nft", "exit 1")
    box.program("iptables-restore", "mkdir /run/tried 2>/dev/null && exit 1; cat >/dev/null")
    files = seed(facts=replace(FACTS, udp_dns_local_port=5301))
    # Before the packages it leaves that for later, and then it fails.
    agent = b"#!/bin/sh\nset -eu\nmkdir /run/later 2>/dev/null && exit 0\nfalse\n: >/run/not-reached\n"
    box.seed(files | {"boot.Linux/00-guestagent.bg.sh": agent})

    done = box.boot()

    assert "WARNING: Failed to execute /mnt/lima-cidata/boot.Linux/35-setup-packages.sh" in done.log
    assert box.exists("run/lima-dns-redirect")
    assert not box.exists("run/not-reached")


@pytest.mark.skipif(any(map(shutil.which, ("iptables-restore", "nft"))), reason="the box shows the host's programs")
def test_a_guest_without_packet_filter_asks_the_networks_own_server(box: GuestBox) -> None:
    for name in ("iptables-restore", "nft"):
        (box.root / "bin" / name).unlink()
    box.seed(seed(facts=replace(FACTS, udp_dns_local_port=5301)))

    done = box.boot()

    assert done.status == 0, done.log


def test_what_is_missing_is_installed_in_one_go(box: GuestBox) -> None:
    config = replace(CONFIG, mounts=(Mount(location="/a", mount_point="/mnt/some where"),))
    files = seed(config)
    # The programs of this machine must not count: `command` says that there are none of them.
    script = files["boot.Linux/30-install-packages.sh"].replace(
        b"set -eu\n", b'set -eu\ncommand() { case $2 in sshfs | rsync) false ;; *) echo "/bin/sh" ;; esac; }\n', 1
    )
    box.seed(files | {"boot.Linux/30-install-packages.sh": script})

    done = box.boot()

    assert done.status == 0, done.log
    installs = [call for call in box.calls if call.startswith("apt-get")]
    assert installs == ["apt-get update", "apt-get install -y --no-upgrade --no-install-recommends -q sshfs rsync"]
    assert (box.root / "mnt/some where").is_dir()
    assert "user_allow_other" in box.read("etc/fuse.conf").splitlines()
    assert box.read("run/lima-fuse-ready") == "boot-1\n"


def test_the_users_system_is_prepared_for_rootless_programs(box: GuestBox) -> None:
    box.write("home/tester.guest/.bashrc", "# mine\n")
    box.write("etc/subuid", "other:1:2\ntester:100000:65536\n")
    box.seed(seed())

    done = box.boot()

    assert done.status == 0, done.log
    assert box.read("etc/subuid") == "other:1:2\ntester:524288:1073741824\n"
    assert box.read("etc/subgid") == "tester:524288:1073741824\n"
    assert "loginctl enable-linger tester" in box.calls
    assert "Delegate=yes" in box.read("etc/systemd/system/user@.service.d/lima.conf")
    bashrc = box.read("home/tester.guest/.bashrc")
    assert bashrc.startswith("# Lima BEGIN\n")
    assert bashrc.endswith("# Lima END\n# mine\n")
    assert (box.home.parent / "tester.linux").is_symlink()


def test_the_per_boot_script_hands_over_to_a_seed_that_is_mounted(box: GuestBox) -> None:
    box.seed(seed())
    box.write("run/per-boot.sh", guest_file("per-boot.sh"))

    done = box.run("sh /run/per-boot.sh")

    assert done.status == 0, done.log
    assert box.exists("run/lima-boot-done")


def test_the_per_boot_script_mounts_the_seed_for_root_only(box: GuestBox) -> None:
    box.program("findfs", "echo /dev/the-seed")
    box.program("mount", f'echo mount "$@" >>{box.root}/calls; cp -r /run/seed/* /mnt/lima-cidata/')
    for name, content in seed().items():
        box.write(f"run/seed/{name}", content, 0o755)
    box.write("run/per-boot.sh", guest_file("per-boot.sh"))

    done = box.run("sh /run/per-boot.sh")

    assert done.status == 0, done.log
    assert stat.S_IMODE((box.root / "mnt/lima-cidata").stat().st_mode) == 0o700
    (call,) = [call for call in box.calls if call.startswith("mount")]
    assert call == (
        "mount -t iso9660 -o ro,mode=0700,dmode=0700,overriderockperm,exec,uid=0 /dev/the-seed /mnt/lima-cidata"
    )
    assert box.exists("run/lima-boot-done")


@pytest.mark.skipif(Path("/dev/rtc0").exists(), reason="the machine has a clock")
@pytest.mark.parametrize(("clock", "moved"), [(1, True), (4102444800, False)])
def test_a_clock_that_is_behind_the_seed_is_set_and_synchronised(box: GuestBox, clock: int, moved: bool) -> None:
    box.program("date", f'echo date "$@" >>{box.root}/calls; echo {clock}')
    box.seed(seed())

    box.boot()

    assert any(call.startswith("date -s @") for call in box.calls) is moved
    assert ("timedatectl set-ntp true" in box.calls) is moved


def test_a_disk_of_another_instance_loses_its_host_keys_once(box: GuestBox) -> None:
    box.write("run/identity.sh", guest_file("identity.sh"))
    keys = ["etc/ssh/ssh_host_ed25519_key", "etc/ssh/ssh_host_ed25519_key.pub", "etc/ssh/ssh_host_rsa_key"]

    def boot(whose: str) -> list[str]:
        for key in keys:
            box.write(key, "made at an earlier boot")
        box.write("etc/ssh/sshd_config", "")
        done = box.run(f"sh /run/identity.sh {whose}")
        assert (done.status, done.log) == (0, "")
        assert box.exists("etc/ssh/sshd_config")
        return [key for key in keys if box.exists(key)]

    assert boot("original") == keys
    assert boot("original") == keys
    assert boot("clone") == []
    assert boot("clone") == keys
    # Cut off while it was written down.
    box.write("var/lib/lima/instance", "")
    assert boot("clone") == keys


def test_a_disk_of_another_instance_gets_a_machine_id_of_its_own_and_keeps_its_journal(box: GuestBox) -> None:
    box.write("run/identity.sh", guest_file("identity.sh"))
    old = "0123456789abcdef" * 2
    box.write("etc/machine-id", f"{old}\n", 0o444)
    box.write("var/lib/dbus/machine-id", f"{old}\n")
    box.write(f"var/log/journal/{old}/system.journal", "earlier boots")

    def boot(whose: str) -> str:
        done = box.run(f"sh /run/identity.sh {whose}")
        assert (done.status, done.log) == (0, "")
        return box.read("etc/machine-id")

    assert boot("original") == f"{old}\n"
    assert boot("original") == f"{old}\n"
    assert box.calls == []
    new = boot("clone")
    assert re.fullmatch(r"[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}\n", new)
    assert box.read("var/lib/dbus/machine-id") == new
    assert box.read(f"var/log/journal/{new.strip()}/system.journal") == "earlier boots"
    assert not box.exists(f"var/log/journal/{old}")
    assert box.calls == ["systemctl try-restart systemd-journald.service"]
    assert boot("clone") == new
    assert boot("original") not in (new, f"{old}\n")


@pytest.mark.parametrize("text", [None, "", "uninitialized\n"])
def test_a_machine_id_that_is_not_there_yet_is_left_to_the_next_boot(box: GuestBox, text: str | None) -> None:
    box.write("run/identity.sh", guest_file("identity.sh"))
    box.write("var/lib/lima/instance", "original\n")
    if text is not None:
        box.write("etc/machine-id", text)

    done = box.run("sh /run/identity.sh clone")

    assert (done.status, done.log) == (0, "")
    assert text == (box.read("etc/machine-id") if box.exists("etc/machine-id") else None)


@pytest.mark.parametrize(("alias", "names"), [(True, "ssh.service"), (False, "ssh.service sshd.service")])
def test_sshd_is_told_what_it_needs_to_know_once(box: GuestBox, alias: bool, names: str) -> None:
    """Where it has two names, as on Debian, by one of them: whenever it is told it refuses connections for a moment."""
    (box.root / "etc/ssh/sshd_config.d").mkdir(parents=True)
    if alias:
        (box.root / "etc/systemd/system").mkdir(parents=True)
        (box.root / "etc/systemd/system/sshd.service").symlink_to("/usr/lib/systemd/system/ssh.service")
    reload = f"systemctl --no-block try-reload-or-restart {names}"
    box.seed(seed())

    def boots() -> list[str]:
        shutil.rmtree(box.root / "run")  # it is new at each boot
        (box.root / "run/systemd/system").mkdir(parents=True)
        before = len(box.calls)
        done = box.boot()
        assert (done.status, "WARNING" in done.log) == (0, False), done.log
        return [call for call in box.calls[before:] if call == reload]

    assert boots() == [reload]
    assert box.read("etc/ssh/sshd_config.d/50-lima-colorterm.conf") == "AcceptEnv COLORTERM\n"
    assert box.read("etc/ssh/sshd_config.d/50-lima-sockets.conf") == "StreamLocalBindUnlink yes\n"
    # An older version of ours has written one of them.
    (box.root / "etc/ssh/sshd_config.d/50-lima-sockets.conf").unlink()
    assert boots() == [reload]
    assert boots() == []


def test_an_sshd_without_a_directory_of_settings_is_left_alone(box: GuestBox) -> None:
    box.seed(seed())

    box.boot()

    assert not box.exists("etc/ssh")


SHARED = (
    Mount(location="/srv/a", mount_point="/mnt/a"),
    Mount(location="/srv/b", mount_point="/mnt/b c", writable=True),
)
TAGS = tuple(mount_tag(mount.location, mount.mount_point) for mount in SHARED)


def shared(mounts: tuple[Mount, ...] = SHARED, kind: str = "virtiofs") -> dict[str, bytes]:
    return seed(replace(CONFIG, mount_type=kind, mounts=mounts))


def fstab_with(box: GuestBox, *lines: str) -> None:
    box.write("etc/fstab", "".join(f"{line}\n" for line in ("LABEL=root / ext4 defaults 0 1", *lines)))


def note_mounts(box: GuestBox, status: int = 0) -> None:
    box.program("mount", f'echo mount "$@" >>{box.root}/calls; exit {status}')


def test_directories_of_the_host_are_mounted_and_stand_in_fstab(box: GuestBox) -> None:
    fstab_with(box)
    note_mounts(box)
    box.seed(shared())

    assert box.boot().status == 0

    assert box.read("etc/fstab").splitlines() == [
        "LABEL=root / ext4 defaults 0 1",
        f"{TAGS[0]}\t/mnt/a\tvirtiofs\tro,nofail,comment=cloudconfig\t0\t0",
        f"{TAGS[1]}\t/mnt/b\\040c\tvirtiofs\trw,nofail,comment=cloudconfig\t0\t0",
    ]
    mounts = [call for call in box.calls if call.startswith("mount -t virtiofs")]
    assert mounts == [f"mount -t virtiofs -o ro {TAGS[0]} /mnt/a", f"mount -t virtiofs -o rw {TAGS[1]} /mnt/b c"]
    assert box.exists("mnt/b c")


@pytest.mark.parametrize("kind", ["virtiofs", "reverse-sshfs"])
def test_a_mount_that_is_gone_leaves_no_line_in_fstab(box: GuestBox, kind: str) -> None:
    others = ("lima-disk /mnt/x ext4 defaults 0 0", "# lima-0123456789abcdef is a comment")
    fstab_with(box, f"{TAGS[0]}\t/mnt/a\tvirtiofs\tro,nofail,comment=cloudconfig\t0\t0", *others)
    note_mounts(box)
    box.seed(shared((), kind))

    assert box.boot().status == 0

    assert box.read("etc/fstab").splitlines() == ["LABEL=root / ext4 defaults 0 1", *others]


def test_an_fstab_that_is_right_is_left_alone(box: GuestBox) -> None:
    line = f"{TAGS[0]}\t/mnt/a\tvirtiofs\tro,nofail,comment=cloudconfig\t0\t0"
    fstab_with(box, line)
    note_mounts(box)
    box.seed(shared(SHARED[:1]))
    before = (box.root / "etc/fstab").stat()

    box.boot()

    assert (box.root / "etc/fstab").stat().st_ino == before.st_ino


def test_what_lies_below_is_mounted_after_what_lies_above(box: GuestBox) -> None:
    below = Mount(location="/srv", mount_point="/mnt/a/below")
    fstab_with(box)
    note_mounts(box)
    box.seed(shared((below, SHARED[0])))

    box.boot()

    assert [call.split()[-1] for call in box.calls if call.startswith("mount -t")] == ["/mnt/a", "/mnt/a/below"]


def test_a_kernel_that_does_not_know_the_type_is_told_to_the_host(box: GuestBox) -> None:
    fstab_with(box)
    note_mounts(box, status=32)
    box.write("filesystems", "nodev\tproc\n\text4\n")
    box.seed(
        {
            name: text.replace(b"/proc/filesystems", f"{box.root}/filesystems".encode())
            for name, text in shared().items()
        }
    )

    result = box.boot()

    assert box.read("run/lima-shares-failed") == "0 virtiofs\n1 virtiofs\n"
    assert "the kernel does not know virtiofs" in result.log
    assert any(call.startswith("modprobe") and call.endswith("virtiofs") for call in box.calls)


def test_a_share_that_a_kernel_that_knows_the_type_cannot_mount_is_an_error(box: GuestBox) -> None:
    fstab_with(box)
    note_mounts(box, status=32)
    box.write("filesystems", "nodev\tvirtiofs\n")
    box.seed(
        {
            name: text.replace(b"/proc/filesystems", f"{box.root}/filesystems".encode())
            for name, text in shared().items()
        }
    )

    result = box.boot()

    assert "WARNING: Failed to execute" in result.log
    assert not box.exists("run/lima-shares-failed")
