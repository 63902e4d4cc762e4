"""A data disk of `_disks` as `limactl disk list --json` shows it (spec/runtime.md 1.6)."""

from limavm.model.value import Value


class DataDisk(Value, frozen=True, kw_only=True):
    """One disk, inspected. `size` is what a guest sees, in bytes; `instance` names the one that has locked it."""

    name: str
    size: int
    format: str
    dir: str
    instance: str = ""
    instance_dir: str = ""
    mount_point: str
