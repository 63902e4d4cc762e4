"""The seed image: ISO 9660 with Rock Ridge and Joliet, the same bytes for the same files.

pycdlib lays out the image; it stamps everything with the current time, so the dates are set
afterwards (`isodates`). Properties: spec/runtime.md 6.1.
"""

import io
from collections.abc import Mapping

import pycdlib

from limavm.errors import UserError
from limavm.host.files import replacing
from limavm.seed.isodates import set_dates

#: Used where the caller has no better time: the guest takes the seed's time for a lower bound of its clock.
DEFAULT_TIME = 1767225600  # 2026-01-01

_MAX_NAME = 30
_DIRECTORY_MODE = 0o040755
_EXECUTABLE = 0o100755
_PLAIN = 0o100644


def write_iso(files: Mapping[str, bytes], path: str, *, label: str = "cidata", timestamp: float = DEFAULT_TIME) -> None:
    """Write the image to `path`, which has the old content or all of the new; mode 0600.

    `files` maps paths in the image to contents; `timestamp` is the time of everything in it, in seconds.
    Files that begin with `#!` are executable. Raises UserError for a name of more than 30 characters.
    """
    image = iso_bytes(files, label=label, timestamp=timestamp)
    with replacing(path, 0o600) as partial, open(partial, "wb") as file:
        file.write(image)


def iso_bytes(files: Mapping[str, bytes], *, label: str, timestamp: float) -> bytearray:
    """The image itself; see `write_iso`."""
    iso = pycdlib.PyCdlib()
    iso.new(interchange_level=3, rock_ridge="1.09", joliet=3, vol_ident=label, sys_ident="LINUX")
    try:
        aliases: dict[str, str] = {}
        for directory in sorted(_directories(files)):
            _add_directory(iso, directory, aliases)
        for name in sorted(files):
            _add_file(iso, name, files[name], aliases)
        image = io.BytesIO()
        iso.write_fp(image)
    finally:
        iso.close()
    return set_dates(bytearray(image.getbuffer()), int(timestamp))


def _directories(files: Mapping[str, bytes]) -> set[str]:
    found = set()
    for name in files:
        for component in name.split("/"):
            if not component or component in (".", "..") or len(component) > _MAX_NAME:
                raise UserError(f"{name!r} cannot be a name in the seed: 1 to {_MAX_NAME} characters a component")
        parts = name.split("/")[:-1]
        found |= {"/".join(parts[: depth + 1]) for depth in range(len(parts))}
    return found


def _add_directory(iso: pycdlib.PyCdlib, directory: str, aliases: dict[str, str]) -> None:
    aliases[directory] = f"{_parent_alias(directory, aliases)}/D{len(aliases):07}"
    iso.add_directory(
        aliases[directory],
        rr_name=directory.rpartition("/")[2],
        joliet_path="/" + directory,
        file_mode=_DIRECTORY_MODE,
    )


def _add_file(iso: pycdlib.PyCdlib, name: str, content: bytes, aliases: dict[str, str]) -> None:
    # The bare ISO 9660 names allow little more than capitals and digits, and nobody reads them: numbers do.
    aliases[name] = f"{_parent_alias(name, aliases)}/F{len(aliases):07}"
    iso.add_fp(
        io.BytesIO(content),
        len(content),
        aliases[name] + ".;1",
        rr_name=name.rpartition("/")[2],
        joliet_path="/" + name,
        file_mode=_EXECUTABLE if content.startswith(b"#!") else _PLAIN,
    )


def _parent_alias(name: str, aliases: Mapping[str, str]) -> str:
    parent = name.rpartition("/")[0]
    return aliases[parent] if parent else ""
