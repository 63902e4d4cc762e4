"""Which accelerator runs the guest: facts of the host are gathered, then a pure function decides.

The policy is that of docs/architecture.md ("Accelerator"). The existence of /dev/kvm proves nothing:
it may be closed to us, and a KVM on a CPU that shows no virtualisation extension runs stock kernels
only to hang them.
"""

import errno
import os
import sys

from limavm.errors import UserError
from limavm.host.process import ProcessError, run
from limavm.model.arch import Arch
from limavm.model.host import HostFacts
from limavm.model.value import Value

if sys.platform == "linux":
    import fcntl

NAMES = ("kvm", "hvf", "nvmm", "whpx", "tcg")
ENV = "LIMA_QEMU_ACCEL"

_KVM_GET_API_VERSION = 0xAE00
_KVM_CREATE_VM = 0xAE01
_KVM_API_VERSION = 12


class AccelFacts(Value, frozen=True, kw_only=True):
    """What the decision rests on; `*_problem` is None when that accelerator can be used."""

    host_os: str
    native: bool
    forced: str = ""
    #: A sentence about what is wrong with KVM, and what the user may do about it.
    kvm_problem: str | None = None
    hvf_problem: str | None = None


class Decision(Value, frozen=True, kw_only=True):
    """An accelerator, and why it is not the one that the user may have expected."""

    accelerator: str
    warning: str | None = None


def decide(facts: AccelFacts) -> Decision:
    """The accelerator to use; raises UserError when the forced one does not exist."""
    if facts.forced:
        if facts.forced not in NAMES:
            raise UserError(
                f"{facts.forced!r} is not an accelerator of QEMU", where=ENV, hint="use one of: " + ", ".join(NAMES)
            )
        return Decision(accelerator=facts.forced)
    if not facts.native:
        return Decision(accelerator="tcg")
    match facts.host_os:
        case "linux":
            return _or_tcg("kvm", facts.kvm_problem)
        case "darwin":
            return _or_tcg("hvf", facts.hvf_problem)
        case "netbsd" | "dragonfly":
            return Decision(accelerator="nvmm")
        case "windows":
            return Decision(accelerator="whpx")
        case _:
            return Decision(accelerator="tcg")


def _or_tcg(accelerator: str, problem: str | None) -> Decision:
    if problem is None:
        return Decision(accelerator=accelerator)
    return emulated(problem)


def emulated(problem: str) -> Decision:
    """The last resort, with its reason."""
    return Decision(
        accelerator="tcg", warning=f"the machine is emulated (TCG), which is several times slower: {problem}"
    )


def gather(guest: Arch, host: HostFacts) -> AccelFacts:
    """Look at this host; opens the device of the accelerator that is looked for, and no other."""
    native = guest.value == host.arch
    forced = os.environ.get(ENV, "")
    look = native and not forced
    return AccelFacts(
        host_os=host.os,
        native=native,
        forced=forced,
        kvm_problem=kvm_problem(host.arch) if look and host.os == "linux" else None,
        hvf_problem=_hvf_problem() if look and host.os == "darwin" else None,
    )


def kvm_problem(host_arch: str, device: str = "/dev/kvm", cpuinfo: str = "/proc/cpuinfo") -> str | None:
    """Why KVM cannot be used, with a hint; None when it can."""
    if problem := _device_problem(device):
        return problem
    if host_arch == "x86_64":
        with open(cpuinfo, encoding="utf-8", errors="replace") as file:
            if not shows_virtualization(file.read()):
                return f"{device} exists, but the CPU shows neither vmx nor svm (enable virtualization in the firmware)"
    return None


def shows_virtualization(cpuinfo: str) -> bool:
    """Whether the flags of an x86 CPU in the text of /proc/cpuinfo name Intel's or AMD's extension."""
    for line in cpuinfo.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "flags":
            return not {"vmx", "svm"}.isdisjoint(value.split())
    return False


def _device_problem(device: str) -> str | None:
    try:
        descriptor = os.open(device, os.O_RDWR | getattr(os, "O_CLOEXEC", 0))
    except FileNotFoundError:
        return f"{device} does not exist (load the module kvm, or enable nested virtualization of this machine)"
    except PermissionError:
        return f"no permission to open {device} (join its group: sudo usermod -aG kvm $USER, and log in again)"
    except OSError as error:
        return f"{device} cannot be opened: {os.strerror(error.errno or errno.EIO)}"
    try:
        return _api_problem(descriptor, device)
    finally:
        os.close(descriptor)


if sys.platform == "linux":

    def _api_problem(descriptor: int, device: str) -> str | None:
        try:
            if (version := fcntl.ioctl(descriptor, _KVM_GET_API_VERSION)) != _KVM_API_VERSION:
                return f"{device} speaks version {version} of the KVM API instead of {_KVM_API_VERSION}"
            os.close(fcntl.ioctl(descriptor, _KVM_CREATE_VM, 0))
        except OSError as error:
            return f"{device} makes no virtual machine: {os.strerror(error.errno or errno.EIO)}"
        return None

else:

    def _api_problem(descriptor: int, device: str) -> str | None:
        return f"{device} (descriptor {descriptor}) is not KVM on this system"


def _hvf_problem() -> str | None:
    try:
        supported = run(["sysctl", "-n", "kern.hv_support"], timeout=10).strip() == b"1"
    except ProcessError:
        supported = False
    return None if supported else "this Mac has no Hypervisor.framework (sysctl kern.hv_support is not 1)"
