"""What is wrong with `provision` and `probes` (spec/config.md 7.2)."""

import re
from collections.abc import Sequence

from limavm.config.errors import Path
from limavm.config.flaw import Flaws
from limavm.model.config import Config, Locator, Probe, Provision

MODES = ("system", "user", "boot", "dependency", "data", "yq", "ansible")
#: What a signed 64-bit number can hold.
_OCTAL = re.compile(r"[-+]?0*[0-7]{1,21}")
_FILE_MEMBERS = ("content", "overwrite", "owner", "path", "permissions", "format")
_NOT_ON_WINDOWS = ("ansible", "boot", "yq")


def check_provision(config: Config, flaws: Flaws) -> None:
    """Note what is wrong with the provisioning."""
    for index, item in enumerate(config.provision):
        path: Path = ("provision", index)
        _check_locator(item.file, flaws, *path)
        if item.mode not in MODES:
            flaws.add(f"must be one of {', '.join(MODES)}, not {item.mode!r}", *path, "mode")
            continue
        if item.skip_default_dependency_resolution is not None and item.mode != "dependency":
            flaws.add("belongs to mode dependency only", *path, "skipDefaultDependencyResolution")
        if config.os == "Windows" and item.mode in _NOT_ON_WINDOWS:
            flaws.add(f"{item.mode} is not for Windows guests", *path, "mode")
        if item.mode in ("data", "yq"):
            _check_file_mode(item, flaws, path)
        else:
            _check_script_mode(item, flaws, path)
        _check_playbook(item, flaws, path)


def _check_locator(file: Locator | None, flaws: Flaws, *path: str | int) -> None:
    if file is None:
        return
    if file.url:
        flaws.add("files are embedded when an instance is created, not here", *path, "file")
    if file.digest:
        flaws.add("digests are not supported here", *path, "file", "digest")


def _check_file_mode(item: Provision, flaws: Flaws, path: Path) -> None:
    if not item.path:
        flaws.add(f"mode {item.mode} needs a path", *path, "path")
    else:
        flaws.unless(item.path.startswith("/"), f"must be absolute, not {item.path!r}", *path, "path")
    if item.mode == "yq":
        flaws.unless(item.expression is not None, "mode yq needs an expression", *path, "expression")
    if not _OCTAL.fullmatch(item.permissions or ""):
        flaws.add(f"must be octal digits such as '0644', in quotes, not {item.permissions!r}", *path, "permissions")


def _check_script_mode(item: Provision, flaws: Flaws, path: Path) -> None:
    if item.mode != "ansible" and not (item.file and item.file.url):
        flaws.unless(bool(item.script), "a script is needed", *path, "script")
    for name in _FILE_MEMBERS:
        if getattr(item, name) is not None:
            flaws.add(f"belongs to modes data and yq, not {item.mode}", *path, name)


def _check_playbook(item: Provision, flaws: Flaws, path: Path) -> None:
    if item.playbook:
        flaws.unless(item.mode == "ansible", "belongs to mode ansible only", *path, "playbook")
        flaws.unless(not item.script, "cannot stand together with a script", *path, "playbook")


def check_probes(probes: Sequence[Probe], flaws: Flaws) -> None:
    """Note what is wrong with the probes."""
    for index, probe in enumerate(probes):
        _check_locator(probe.file, flaws, "probes", index)
        if not (probe.file and probe.file.url):
            flaws.unless(probe.script.startswith("#!"), "must begin with #!", "probes", index, "script")
        fine = probe.mode == "readiness"
        flaws.unless(fine, f"must be readiness, not {probe.mode!r}", "probes", index, "mode")
