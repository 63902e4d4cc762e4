"""The CPU model that a guest sees, when the user names none (spec/runtime.md 4.2). Pure."""

from limavm.model.arch import Arch

#: On a Mac these two make the emulated or passed-through model unusable.
_MAC_WITHOUT = ",-avx512vl,-pdpe1gb"


def cpu_model(arch: Arch, accelerator: str, *, host_os: str, host_arch: str, sme: bool = False) -> str:
    """The value of `-cpu`; `sme` tells of a Mac whose CPU has that extension, which guests cannot take."""
    native = arch.value == host_arch
    if native and accelerator != "tcg" and (host_os == "linux" or (host_os == "darwin" and not sme)):
        model = "host"
    elif arch is Arch.X86_64 and native and host_os == "windows":
        model = "qemu64"
    else:
        model = "max"
    return model + _MAC_WITHOUT if arch is Arch.X86_64 and host_os == "darwin" else model


def in_help(model: str, help_text: str) -> bool:
    """Whether the text of `-cpu help` knows the model; `max` and `host` are known everywhere they may be used."""
    name = model.partition(",")[0]
    return name in ("max", "host") or name in help_text
