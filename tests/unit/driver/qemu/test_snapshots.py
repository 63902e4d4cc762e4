"""Snapshots of a machine that runs, asked of a monitor that answers as QEMU does."""

from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from limavm.driver.qemu.snapshots import Snapshots
from limavm.errors import UserError
from limavm.model.arch import Arch
from limavm.model.machine import Drive, Machine, UserNIC

MACHINE = Machine(
    name="dev",
    directory="/i",
    arch=Arch.X86_64,
    cpus=1,
    memory=1 << 30,
    disk=Drive(path="/i/disk", format="qcow2"),
    seed="/i/cidata.iso",
    nic=UserNIC(mac="52:55:55:00:00:01", ssh_port=1),
)


class Monitor:
    """What QEMU has on its disks, and what it was told."""

    def __init__(self, *, error: str = "", tags: tuple[str, ...] = ("old",)) -> None:
        self.error = error
        self.tags = tags
        self.told: list[str] = []
        self.jobs: list[dict[str, Any]] = []

    async def ask(self, command: str) -> str:
        assert command == "info snapshots"
        return "List of snapshots present on all disks:\r\nID  TAG\r\n--  old\r\n"

    async def execute(self, name: str, arguments: Mapping[str, object] | None = None) -> object:
        self.told.append(name)
        if name == "query-status":
            return {"status": "running", "running": True}
        if name == "query-block":
            image = {"snapshots": [{"name": tag} for tag in self.tags]}
            return [
                {"device": "pflash1", "inserted": {"ro": False, "file": "/i/vars", "node-name": "#flash"}},
                {"device": "virtio0", "inserted": {"ro": False, "file": "/d", "node-name": "#data", "image": image}},
                {"device": "boot-disk", "inserted": {"file": "/i/disk", "node-name": "#boot", "image": image}},
                {"device": "cdrom0", "inserted": {"ro": True, "file": "/c", "node-name": "#cd"}},
                {"device": "sd0"},
            ]
        return {}

    async def execute_long(self, name: str, arguments: Mapping[str, object], limit: float) -> object:
        if name == "query-jobs":
            return self.jobs
        self.told.append(name)
        failure = {"error": self.error} if self.error else {}
        self.jobs = [{"id": arguments["job-id"], "status": "concluded", **arguments, **failure}]
        return {}


def of(monitor: Monitor, machine: Machine = MACHINE) -> Snapshots:
    return Snapshots(lambda: machine, lambda: monitor)


@pytest.mark.asyncio
async def test_memory_goes_to_the_main_disk_and_flash_is_left_out() -> None:
    monitor = Monitor()

    await of(monitor).create("new")

    assert monitor.jobs[0]["devices"] == ["#boot", "#data"]
    assert monitor.jobs[0]["vmstate"] == "#boot"
    assert monitor.told == ["query-block", "snapshot-save", "job-dismiss"]


@pytest.mark.asyncio
async def test_the_table_has_no_headings_of_qemu() -> None:
    assert await of(Monitor()).table() == "ID  TAG\n--  old\n"


@pytest.mark.asyncio
async def test_names_that_exist_or_do_not_are_told_before_anything_happens() -> None:
    monitor = Monitor()

    with pytest.raises(UserError, match="already"):
        await of(monitor).create("old")
    for act in (of(monitor).apply, of(monitor).delete):
        with pytest.raises(UserError, match="no snapshot"):
            await act("new")

    assert set(monitor.told) == {"query-block"}


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("error", "steps"),
    [
        ("This is a disk-only snapshot", ["job-dismiss", "cont"]),
        ("Error -22 while loading VM state", ["job-dismiss", "system_reset", "cont"]),
    ],
)
async def test_a_machine_whose_load_failed_does_not_stay_paused(error: str, steps: list[str]) -> None:
    monitor = Monitor(error=error)

    with pytest.raises(UserError, match="not applied"):
        await of(monitor).apply("old")

    assert monitor.told[-len(steps) :] == steps


@pytest.mark.asyncio
async def test_what_qemu_says_against_a_snapshot_is_told() -> None:
    with pytest.raises(UserError, match="non-migratable"):
        await of(Monitor(error="State blocked by non-migratable device")).create("new")


@pytest.mark.asyncio
async def test_a_raw_disk_is_refused() -> None:
    raw = replace(MACHINE, disk=Drive(path="/i/disk", format="raw"))

    with pytest.raises(UserError, match="raw"):
        await of(Monitor(), raw).create("new")
