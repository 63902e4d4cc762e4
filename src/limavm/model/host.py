"""What configuration and drivers need to know of the machine that runs limactl."""

from limavm.model.value import Value


class HostFacts(Value, frozen=True, kw_only=True):
    """Facts of the host, gathered once by `host.platform` and handed to everything that decides.

    `os` is Go's name (`linux`, `darwin`, `windows`, `netbsd`), `arch` Lima's (`x86_64`), `memory` in bytes.
    `machine_id` identifies the host (spec/runtime.md 1.8); `kvm` and its like are the driver's business.
    """

    os: str
    arch: str
    cpus: int
    memory: int
    user_name: str
    user_comment: str
    uid: int
    home: str
    timezone: str
    machine_id: str
    temp_dir: str = "/tmp"  # noqa: S108 - the name templates see, nothing is created from it

    @property
    def root(self) -> bool:
        """Whether limactl runs as the superuser (containers, CI)."""
        return self.uid == 0 and self.os != "windows"
