"""The scripts of bench/: what they compute from what they have measured, and how they begin."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from dnslib import DNSRecord

import files
from agent import kib_of
from boot import bare_argv, free_port
from create import own_bytes
from forwards import latency, percentile, receiving, report, sending
from measure import Report, in_turns, markdown, quantity, timed
from names import question

if sys.platform != "win32":
    import filework

BENCH = Path(__file__).parents[2] / "bench"


def test_the_bare_qemu_gets_a_disk_and_a_port_and_sockets_of_its_own() -> None:
    argv = [
        "qemu-system-x86_64",
        *("-drive", "file=/home/l/dev/disk,format=qcow2,if=none,discard=on,id=boot-disk"),
        *("-drive", "id=cdrom0,if=none,format=raw,readonly=on,file=/home/l/dev/cidata.iso"),
        *("-kernel", "/home/l/dev/kernel"),
        *("-netdev", "user,id=net0,net=192.168.5.0/24,dhcpstart=192.168.5.15,hostfwd=tcp:127.0.0.1:40123-:22"),
        *("-chardev", "socket,id=char-qmp,path=/home/l/dev/qmp.sock,server=on,wait=off"),
        *("-chardev", "socket,id=s,path=/home/l/dev/serial.sock,server=on,wait=off,logfile=/home/l/dev/serial.log"),
        *("-pidfile", "/home/l/dev/qemu.pid"),
    ]

    assert bare_argv(argv, "/home/l/dev", "/home/l/dev/overlay", 50000) == [
        "qemu-system-x86_64",
        *("-drive", "file=/home/l/dev/overlay,format=qcow2,if=none,discard=on,id=boot-disk"),
        *("-drive", "id=cdrom0,if=none,format=raw,readonly=on,file=/home/l/dev/cidata.iso"),
        *("-kernel", "/home/l/dev/kernel"),
        *("-netdev", "user,id=net0,net=192.168.5.0/24,dhcpstart=192.168.5.15,hostfwd=tcp:127.0.0.1:50000-:22"),
        *("-chardev", "socket,id=char-qmp,path=/home/l/dev/bare-qmp.sock,server=on,wait=off"),
        *(
            "-chardev",
            "socket,id=s,path=/home/l/dev/bare-serial.sock,server=on,wait=off,logfile=/home/l/dev/bare-serial.log",
        ),
        *("-pidfile", "/home/l/dev/bare-qemu.pid"),
    ]


def test_a_report_compares_medians_and_says_whether_an_aim_was_met(tmp_path: Path) -> None:
    report = Report("sample")
    report.add("base", [1.0, 3.0, 2.0])
    report.add("slow", [4.0, 5.0, 6.0], versus="base", aim=2.0)
    report.add("small", [1.0], unit="B", aim=2048)

    report.finish(str(tmp_path / "out.json"))

    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in report.table().splitlines()]
    assert rows[2:] == [
        ["base", "2.00 s", "1.00 s", "3.00 s", "", "", "3"],
        ["slow", "5.00 s", "4.00 s", "6.00 s", "2.50", "≤ 2.00 MISSED", "3"],
        ["small", "0 KiB", "0 KiB", "0 KiB", "", "≤ 2 KiB met", "1"],
    ]
    figures = json.loads((tmp_path / "out.json").read_text())["figures"]
    assert [(figure["median"], figure["ratio"]) for figure in figures] == [(2.0, None), (5.0, 2.5), (1.0, None)]


def test_the_aims_of_forwards_are_ratios_to_ssh_and_a_first_byte() -> None:
    values: dict[str, list[float]] = {"event": [0.1, 0.2], "hostfwd: first byte": [0.2], "ssh: first byte": [0.4]}
    for kind in ("to the guest", "from the guest", "a byte there and back", "a connection"):
        values |= {f"ssh: {kind}": [4.0], f"hostfwd: {kind}": [1.0], f"gRPC: {kind}": [8.0]}

    table = report(values, (30.0 * (1 << 20), 0.7)).table()

    met = {line.split("|")[1].strip(): line.split("|")[6].strip() for line in table.splitlines()[2:]}
    assert met["hostfwd: to the guest"] == met["hostfwd: from the guest"] == "≤ 0.50 met"
    assert met["hostfwd: port opened to first byte"] == "≤ 300.0 ms met"
    assert met["ssh: port opened to first byte"] == "≤ 300.0 ms MISSED"
    assert met["guest agent, processor when idle"] == "≤ 0.50 % MISSED"


@pytest.mark.parametrize(("part", "value"), [(0.5, 50), (0.99, 99), (1, 100), (0.001, 1)])
def test_a_percentile_is_one_of_the_values(part: float, value: float) -> None:
    assert percentile([float(number) for number in range(100, 0, -1)], part) == value


def test_the_program_for_the_guest_takes_sends_and_echoes() -> None:
    ports = {}
    with subprocess.Popen(
        [sys.executable, BENCH / "guestside.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as child:
        assert child.stdin
        assert child.stdout
        assert json.loads(child.stdout.readline()) == "ready"
        for manner in ("swallow", "pour", "echo"):
            ports[manner] = free_port()
            child.stdin.write(json.dumps(["open", "127.0.0.1", ports[manner], manner]) + "\n")
            assert json.loads(child.stdout.readline()) > 0

        assert sending(ports["swallow"], 0.01) > 0
        assert receiving(ports["pour"], 0.01) > 0
        assert latency(ports["echo"], 10) > 0
        child.stdin.write(json.dumps(["close", ports["echo"]]) + "\n")
        assert json.loads(child.stdout.readline()) > 0
        with pytest.raises(ConnectionRefusedError):
            latency(ports["echo"], 1)
        child.stdin.close()
        assert child.wait(10) == 0


def test_cases_take_turns_and_the_first_round_does_not_count() -> None:
    order: list[str] = []

    def case(name: str) -> float:
        order.append(name)
        return float(len(order))

    values = in_turns({"a": lambda: case("a"), "b": lambda: case("b")}, 2)

    assert "".join(order) == "ababab"
    assert values == {"a": [3.0, 5.0], "b": [4.0, 6.0]}


def test_a_command_that_fails_ends_the_measurement_with_its_words() -> None:
    with pytest.raises(SystemExit, match="out of ideas"):
        timed(["sh", "-c", "echo out of ideas >&2; exit 3"])


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(0.0123, "s", "12.3 ms"), (2.5, "s", "2.50 s"), (3 << 20, "B", "3.0 MiB"), (0.4, "/s", "0.40 /s")],
)
def test_quantities_have_units(value: float, unit: str, text: str) -> None:
    assert quantity(value, unit) == text


def test_numbers_of_a_table_are_aligned_to_the_right() -> None:
    assert markdown([["a", "b"], ["long", "1"]]) == "| a    | b |\n|------|--:|\n| long | 1 |"


def test_files_that_are_shared_with_the_cache_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "cached").write_bytes(b"x" * 100_000)
    instance = tmp_path / "instance"
    instance.mkdir()
    (instance / "basedisk").hardlink_to(tmp_path / "cached")
    (instance / "lima.yaml").write_bytes(b"x" * 5000)

    assert 5000 <= own_bytes(str(instance)) < 50_000


def test_a_number_is_found_in_the_kernel_s_lists() -> None:
    assert kib_of("VmPeak:\t  100 kB\nVmRSS:\t   42 kB\n", "VmRSS") == 42
    with pytest.raises(KeyError, match="Pss"):
        kib_of("VmRSS:\t 42 kB\n", "Pss")


if sys.platform != "win32":  # the work is that of guests that run Linux

    def test_the_work_of_files_is_done_without_a_machine(tmp_path: Path) -> None:
        work = dict(filework.Work(str(tmp_path), files=45, mebibytes=1).parts())
        parts = ("sequential write", "random read 4k", "small files", "walk and stat", "tar x")

        amounts = [work[part]() for part in parts]

        assert amounts == [1, filework.RANDOM_COUNT, 45, 45, 45]
        assert len(list((tmp_path / "tar").rglob("*.js"))) == 45


def test_types_of_mounts_are_compared_with_the_disk_beside_each() -> None:
    values = {
        "disk beside 9p: tar x": [2.0],
        "9p: tar x": [3.0],
        "disk beside virtiofs: tar x": [1.0],
        "virtiofs: tar x": [4.0],
        "virtiofs: git status": [1.0],  # the disk's was not measured to its end
    }

    made = files.report(values)

    assert files.ratios(made) == [["work", "9p", "virtiofs"], ["tar x", "1.5", "4.0"]]


def test_types_that_are_in_the_file_already_are_not_measured_again(tmp_path: Path) -> None:
    report = Report("files")
    report.add("disk beside 9p: git status", [1.0])
    report.add("9p: git status", [2.0])
    report.add("virtiofs: tar x", [2.0])
    report.save(str(tmp_path / "files.json"))

    values = files.earlier(str(tmp_path / "files.json"))

    assert files.kinds_to_measure(["9p", "virtiofs"], values) == ["virtiofs"]
    assert files.earlier(str(tmp_path / "none.json")) == {}


@pytest.mark.parametrize("script", ["agent", "boot", "cli", "create", "files", "forwards", "prune", "shell"])
def test_a_script_explains_itself(script: str) -> None:
    done = subprocess.run(
        [sys.executable, BENCH / f"{script}.py", "--help"], capture_output=True, text=True, check=True
    )

    assert "--runs" in done.stdout
    assert "--json" in done.stdout


def test_the_questions_of_the_flood_are_questions() -> None:
    asked = DNSRecord.parse(question("n1.example", 15, 7))

    assert (asked.header.id, str(asked.q.qname), asked.q.qtype) == (7, "n1.example.", 15)
