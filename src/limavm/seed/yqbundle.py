"""yq for the guest as one file: our yq room as pure Python, in a zip archive as that of the guest agent.

It is in the seed of instances that provision with `mode: yq`. The boot scripts run it as `PROGRAM DIGEST FORMAT PATH
EXPRESSION-FILE`; it unpacks itself below `/var/lib/lima/yq` first, because Python keeps what it compiles only there,
and compiling takes seconds in an emulated guest.
"""

import os

from limavm.seed.agentbundle import Part, cached, directory_of, sources

PARTS = (
    Part(package="limavm.yq", distribution="limavm"),
    Part(package="limavm.roundtrip", distribution="limavm"),
    Part(package="limavm.guestyq", distribution="limavm", left_out=("events.py", "structs.py", "unpack.py")),
    Part(package="yaml", distribution="PyYAML", left_out=("__init__.py",)),
)
#: Modules of `limavm` that are needed beside these packages.
_SINGLE = ("errors.py", "model/__init__.py", "model/floats.py", "model/value.py")
#: Files of `limavm.guestyq` that are in the archive under other names.
_STAND_INS = {
    "__main__.py": "unpack.py",
    "msgspec.py": "structs.py",
    "yaml/__init__.py": "__init__.py",  # PyYAML's own would load all of it
    "yaml/_yaml.py": "events.py",
}
#: What PyYAML's parser is made of.
_OF_YAML = frozenset(f"yaml/{name}.py" for name in ("error", "events", "parser", "reader", "scanner", "tokens"))


def yq_bundle() -> bytes:
    """The archive, from the cache if nothing of what it is made of has changed; raises UserError as `bundle` does."""
    return cached("guestyq", files(), {part.distribution for part in PARTS})


def files() -> dict[str, str]:
    """Every file of Python to take along: its name in the archive and its path here."""
    found = {name: path for name, path in sources(PARTS) if not name.startswith("yaml/") or name in _OF_YAML}
    ours = os.path.dirname(directory_of("limavm.yq"))
    found["limavm/__init__.py"] = os.path.join(ours, "__init__.py")
    for name in _SINGLE:
        found[f"limavm/{name}"] = os.path.join(ours, *name.split("/"))
    for name, file in _STAND_INS.items():
        found[name] = os.path.join(ours, "guestyq", file)
    return found
