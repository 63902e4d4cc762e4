"""A machine from nothing: created, used, killed in each of its processes and adopted, restarted, deleted.

The tests of this file run in order on one machine; each leaves it running, but for the last ones.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.vm.limactl import Limactl, is_alive, wait_for

if sys.platform == "win32":
    pytest.skip("machines run on Linux only so far", allow_module_level=True)

pytestmark = pytest.mark.vm


def allocated(path: Path) -> int:
    """Bytes that a file takes."""
    return path.stat().st_blocks * 512


def boot_id(limactl: Limactl, machine: str) -> str:
    return limactl.ok("shell", machine, "cat", "/proc/sys/kernel/random/boot_id")


def test_a_started_machine_is_running(limactl: Limactl, machine: str) -> None:
    found = limactl.instance(machine)

    assert found["status"] == "Running"
    assert found["memory"] == 1 << 30
    assert found["cpus"] == 2
    assert found["sshLocalPort"] > 0
    assert machine in [line.split()[0] for line in limactl.ok("list").splitlines()[1:]]


def test_the_first_start_tells_its_steps_and_ends_with_the_message(first_start: str) -> None:
    assert "Waiting for the essential requirement 1 of 3" in first_start
    assert "The final requirement 1 of 1 is satisfied" in first_start
    assert "[cloud-init] " in first_start
    assert "READY. Run `limactl shell shared`" in first_start
    assert first_start.endswith("hello from shared\n")


def test_provisioning_has_happened_in_every_mode(limactl: Limactl, machine: str) -> None:
    user = limactl.instance(machine)["config"]["user"]["name"]

    def content(path: str) -> str:
        return limactl.ok("shell", machine, "sh", "-c", f"cat {path}")

    assert content("/run/provision.boot") == "hello\n"
    assert content("/run/provision.system") == "root\n"
    assert content("~/provision.user") == f"{user}\n"
    assert content("/etc/provision.data") == f"hello {user}\n"
    assert limactl.ok("shell", machine, "stat", "-c", "%U %a", "/etc/provision.data") == f"{user} 600\n"
    assert limactl.ok("shell", machine, "sh", "-c", "echo $FROM_YAML") == "yes, it is\n"
    assert limactl.ok("shell", machine, "date", "+%Z").strip() in ("CET", "CEST")


def test_a_base_and_flags_have_made_it_into_the_guest_with_their_comments(limactl: Limactl, machine: str) -> None:
    text = (limactl.home / machine / "lima.yaml").read_text()

    assert limactl.ok("shell", machine, "sh", "-c", 'echo "$FROM_BASE, $FROM_FLAG"') == "a base, a flag\n"
    limactl.ok("shell", machine, "test", "-e", "/run/provision.base")
    assert text.startswith("# The shared machine")
    assert "  # beside this file" in text


def test_a_running_machine_is_not_edited(limactl: Limactl, machine: str) -> None:
    done = limactl.run("edit", "--cpus", "1", machine)

    assert done.returncode == 1
    assert f"limactl stop {machine}" in done.stderr
    assert limactl.instance(machine)["cpus"] == 2


def test_events_begin_with_the_port_and_come_to_running(limactl: Limactl, machine: str) -> None:
    events = [event["status"] for event in limactl.events(machine)]

    assert events[0] == {"sshLocalPort": limactl.instance(machine)["sshLocalPort"]}
    assert any(event.get("running") and not event.get("degraded") for event in events)


def test_the_guest_has_what_it_was_promised(limactl: Limactl, machine: str) -> None:
    user = limactl.instance(machine)["config"]["user"]["name"]

    assert limactl.ok("shell", machine, "id", "-un").strip() == user
    assert limactl.ok("shell", machine, "hostname").strip() == f"lima-{machine}"
    assert limactl.ok("shell", machine, "nproc").strip() == "2"
    assert limactl.ok("shell", machine, "sudo", "-n", "id", "-u").strip() == "0"
    assert "192.168.5.2" in limactl.ok("shell", machine, "getent", "hosts", "host.lima.internal")
    limactl.ok("shell", machine, "sh", "-c", "command -v python3 sshfs iptables rsync")


def test_the_root_file_system_has_grown_to_the_disk(limactl: Limactl, machine: str) -> None:
    size = int(limactl.ok("shell", machine, "df", "--output=size", "-B1", "/").split()[-1])

    assert size > 0.9 * limactl.instance(machine)["disk"]


def test_no_unit_of_the_guest_has_failed(limactl: Limactl, machine: str) -> None:
    assert limactl.ok("shell", machine, "systemctl", "--failed", "--plain", "--no-legend").strip() == ""


@pytest.mark.parametrize("code", [0, 1, 42, 255])
def test_shell_keeps_the_exit_code(code: int, limactl: Limactl, machine: str) -> None:
    assert limactl.run("shell", machine, "sh", "-c", f"exit {code}").returncode == code


def test_shell_passes_awkward_arguments_and_standard_input(limactl: Limactl, machine: str) -> None:
    words = ["a b", "", "$HOME", "`id`", "'", '"', "*", "\\", "é", "-n", "--", "a\nb"]

    shown = limactl.ok("shell", machine, "printf", r"%s\0", *words)

    assert shown.split("\0")[:-1] == words
    assert limactl.ok("shell", machine, "cat", stdin="over\nstdin") == "over\nstdin"


def test_shell_goes_to_the_workdir_or_fails(limactl: Limactl, machine: str) -> None:
    assert limactl.ok("shell", "--workdir", "/usr/lib", machine, "pwd").strip() == "/usr/lib"
    assert limactl.run("shell", "--workdir", "/no/such", machine, "pwd").returncode == 1


def test_lima_is_a_shell_in_the_instance_of_the_environment(limactl: Limactl, machine: str) -> None:
    user = Limactl(limactl.home, env={"LIMA_INSTANCE": machine, "LIMA_WORKDIR": "/tmp"})

    assert user.ok("pwd", program="lima").strip() == "/tmp"


def test_plain_ssh_uses_the_configuration_file(limactl: Limactl, machine: str) -> None:
    config = limactl.home / machine / "ssh.config"

    done = subprocess.run(
        ["ssh", "-F", str(config), f"lima-{machine}", "uname"], capture_output=True, text=True, check=True
    )

    assert done.stdout == "Linux\n"


def test_timings_tell_every_phase(limactl: Limactl, machine: str) -> None:
    wait_for("the guest's phases", lambda: "kernel" in limactl.ok("timings", "--json", machine), limit=60)
    timings = json.loads(limactl.ok("timings", "--json", machine))

    names = {span["name"] for span in timings["spans"]}
    assert {"image", "disk", "seed", "hypervisor", "ssh", "kernel", "final: boot scripts must have finished"} <= names
    assert timings["ready"] > 0
    assert "kernel" in limactl.ok("timings", machine)


def test_a_second_start_leaves_the_machine_alone(limactl: Limactl, machine: str) -> None:
    before = boot_id(limactl, machine)

    limactl.ok("start", machine)

    assert boot_id(limactl, machine) == before


def test_a_running_machine_is_neither_created_again_nor_deleted(limactl: Limactl, machine: str) -> None:
    assert limactl.run("create", "--name", machine, "template:default").returncode == 1
    assert limactl.run("delete", machine).returncode == 1
    assert limactl.status(machine) == "Running"


def test_a_killed_ssh_master_comes_back(limactl: Limactl, machine: str) -> None:
    socket = limactl.home / machine / "ssh.sock"
    shown = subprocess.run(
        ["ssh", "-O", "check", "-S", str(socket), "x"], capture_output=True, text=True, check=True
    ).stderr
    pid = int(shown.split("pid=")[1].split(")")[0])

    os.kill(pid, signal.SIGKILL)

    wait_for(
        "another ssh master",
        lambda: f"pid={pid}" not in (answer := master(socket)) and "pid=" in answer,
    )
    limactl.ok("shell", machine, "true")


def master(socket: Path) -> str:
    return subprocess.run(
        ["ssh", "-O", "check", "-S", str(socket), "x"], capture_output=True, text=True, check=False
    ).stderr


def test_a_machine_whose_hypervisor_was_killed_is_stopped_and_starts_as_it_was_edited(
    limactl: Limactl, machine: str
) -> None:
    keys = limactl.ok("shell", machine, "cat", "/etc/ssh/ssh_host_ed25519_key.pub")
    first = boot_id(limactl, machine)
    limactl.ok("shell", machine, "sh", "-c", "echo kept > ~/kept && sync")
    found = limactl.instance(machine)

    os.kill(found["driverPID"], signal.SIGKILL)

    wait_for("the agent's end", lambda: not is_alive(found["hostAgentPID"]))
    assert limactl.status(machine) == "Stopped"
    assert limactl.events(machine)[-1]["status"] == {"exiting": True}

    limactl.ok("edit", "--cpus", "1", "--set", "del(.env.FROM_FLAG)", "--start", machine)

    assert boot_id(limactl, machine) != first
    assert limactl.ok("shell", machine, "nproc").strip() == "1"
    assert limactl.ok("shell", machine, "sh", "-c", 'echo "$FROM_BASE, $FROM_FLAG"') == "a base, \n"
    assert limactl.ok("shell", machine, "sh", "-c", "cat ~/kept") == "kept\n"
    assert limactl.ok("shell", machine, "cat", "/etc/ssh/ssh_host_ed25519_key.pub") == keys
    assert limactl.status(machine) == "Running"


def test_force_stop_ends_clean_whatever_is_left(limactl: Limactl, machine: str) -> None:
    found = limactl.instance(machine)
    os.kill(found["hostAgentPID"], signal.SIGKILL)

    limactl.ok("stop", "-f", machine)

    assert not is_alive(found["driverPID"])
    assert limactl.status(machine) == "Stopped"
    leftovers = {path.suffix for path in (limactl.home / machine).iterdir()} & {".pid", ".sock", ".tmp"}
    assert leftovers == set()
    limactl.ok("stop", "-f", machine)


def test_a_disk_is_never_made_smaller(limactl: Limactl, machine: str) -> None:
    refused = limactl.run("edit", "--disk", "1", machine, cwd=limactl.home)

    assert refused.returncode == 1
    rejected = limactl.home / "lima.REJECTED.yaml"
    assert "1GiB" in rejected.read_text()
    rejected.unlink()


def test_a_start_that_is_killed_at_any_moment_is_repaired_by_the_next(limactl: Limactl, machine: str) -> None:
    log = limactl.home / machine / "ha.stderr.log"
    log.unlink()
    child = subprocess.Popen(
        limactl.argv("start", machine), env=limactl.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    wait_for("the host agent's first line", lambda: log.stat().st_size > 0)
    child.kill()
    child.wait()

    wait_for("the machine to become ready by itself", lambda: has_run(limactl, machine), limit=300)
    limactl.ok("start", machine)

    assert limactl.status(machine) == "Running"


def has_run(limactl: Limactl, machine: str) -> bool:
    return any(event["status"].get("running") for event in limactl.events(machine))


def test_a_machine_whose_agent_was_killed_is_adopted_without_a_reboot(limactl: Limactl, machine: str) -> None:
    before = limactl.instance(machine)
    running = boot_id(limactl, machine)
    os.kill(before["hostAgentPID"], signal.SIGKILL)
    wait_for("the agent's death", lambda: not is_alive(before["hostAgentPID"]))
    assert limactl.status(machine) == "Broken"

    limactl.ok("start", machine)

    after = limactl.instance(machine)
    assert after["status"] == "Running"
    assert after["driverPID"] == before["driverPID"]
    assert after["hostAgentPID"] != before["hostAgentPID"]
    assert after["sshLocalPort"] == before["sshLocalPort"]
    assert boot_id(limactl, machine) == running


def test_a_clone_is_another_machine_with_the_same_files(limactl: Limactl, machine: str) -> None:
    """Its original is stopped for it, by an agent that has adopted the machine."""
    keys = limactl.ok("shell", machine, "cat", "/etc/ssh/ssh_host_ed25519_key.pub")
    refused = limactl.run("clone", machine, "twin")
    assert refused.returncode == 1
    assert f"limactl stop {machine}" in refused.stderr
    limactl.ok("stop", machine)
    disk = limactl.home / machine / "disk"
    taken = allocated(disk)

    limactl.ok("clone", "--cpus", "1", "--set", '.env.TWIN = "yes"', "--start", machine, "twin")

    words = 'hostname; nproc; echo "$FROM_BASE, $TWIN"; cat ~/kept'
    assert limactl.ok("shell", "twin", "sh", "-c", words).splitlines() == ["lima-twin", "1", "a base, yes", "kept"]
    assert limactl.ok("shell", "twin", "cat", "/etc/ssh/ssh_host_ed25519_key.pub") != keys
    assert limactl.ok("shell", "twin", "systemctl", "--failed", "--plain", "--no-legend").strip() == ""
    (layer,) = disk.parent.glob("layer-*")
    assert (layer.stat().st_nlink, allocated(layer)) == (2, taken)
    assert allocated(disk) < 1 << 20 < taken
    limactl.ok("delete", "-f", "twin")
    assert layer.stat().st_nlink == 1
    subprocess.run(["qemu-img", "check", "-q", disk], check=True)
    assert machine in limactl.ok("list", "-q").split()
    assert not (limactl.home / "twin").exists()


def test_a_stopped_machine_is_deleted_with_all_its_files(limactl: Limactl, machine: str) -> None:
    assert limactl.status(machine) == "Stopped"
    assert limactl.run("shell", machine, "true").returncode == 1
    others = {path.name for path in limactl.home.iterdir()} - {machine}

    limactl.ok("delete", machine)

    assert {path.name for path in limactl.home.iterdir()} == others
    assert machine not in limactl.ok("list", "-q").split()
