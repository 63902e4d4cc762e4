"""The templates that have names: where they are looked for, and which there are (spec/config.md 5.5)."""

import os
import stat

from limavm.config.spelling import nearest
from limavm.errors import NotFoundError, UserError
from limavm.host import installation, paths

#: The templates that come with limavm.
BUILT_IN = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "templates")

#: Templates that older versions of Lima had, and the flag that does the same with any template.
_GONE = {
    "experimental/9p": "--vm-type=qemu --mount-type=9p",
    "experimental/armv7l": "--arch=armv7l",
    "experimental/net-user-v2": "--network=lima:user-v2",
    "experimental/riscv64": "--arch=riscv64",
    "experimental/virtiofs-linux": "--mount-type=virtiofs",
    "experimental/vz": "--vm-type=vz",
    "vmnet": "--network=lima:shared",
}


def directories() -> list[str]:
    """Where templates are, the first one with a name wins."""
    if listed := os.environ.get("LIMA_TEMPLATES_PATH"):
        return [directory for directory in listed.split(os.pathsep) if directory]
    shared = [os.path.join(directory, "templates") for directory in installation.share_dirs()]
    return [os.path.join(paths.lima_home(), "_templates"), *shared, BUILT_IN]


def find_template(name: str) -> str:
    """The path of the template `name`. Raises UserError for a bad name, NotFoundError for an unknown one."""
    if not name or ".." in name.replace("\\", "/") or os.path.isabs(name) or "\0" in name:
        raise UserError(f"{_shown(name)!r} is no name of a template", where=f"template:{_shown(name)}")
    extension = os.path.splitext(name)[1]
    # `ubuntu-24.04` has no extension that means anything.
    file_name = name if len(extension) > 1 and not extension[1].isdigit() else f"{name}.yaml"
    for directory in directories():
        path = os.path.join(directory, file_name)
        if _exists(path):
            return path
    hint = "`limactl start --list-templates` shows them all"
    if near := nearest(name, template_names()):
        hint = f"did you mean template:{near}? {hint}"
    if flag := _GONE.get(name.removesuffix(".yaml")):
        hint = f"it is gone since Lima 1.0: use any template, such as template:default, with {flag}"
    raise NotFoundError(f"there is no template {_shown(name)!r}", where=f"template:{_shown(name)}", hint=hint)


def _shown(name: str) -> str:
    return name if len(name) <= 200 else f"{name[:160]}…"


def _exists(path: str) -> bool:
    """Whether the file exists. One in a directory that cannot be read must not be passed over silently."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise UserError(f"the template cannot be read: {error.strerror}", where=_shown(path)) from error


def template_names() -> list[str]:
    """All names, sorted; those with a part that begins with `_` are building blocks, not for users."""
    names: set[str] = set()
    for root in directories():
        for directory, folders, files in os.walk(root):
            folders[:] = [folder for folder in folders if not folder.startswith(".")]
            prefix = os.path.relpath(directory, root)
            for file in files:
                if file.endswith(".yaml") and not file.startswith("."):
                    name = file.removesuffix(".yaml") if prefix == "." else f"{prefix}/{file.removesuffix('.yaml')}"
                    names.add(name.replace(os.sep, "/"))
    return sorted(names)
