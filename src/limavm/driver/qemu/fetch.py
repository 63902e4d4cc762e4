"""Downloads of the QEMU driver: UEFI code that the configuration names.

Apart from `firmware`, because a host agent has no use for a downloader in its memory.
"""

import os
from collections.abc import Sequence

from limavm.driver.qemu.firmware import CODE
from limavm.errors import UserError
from limavm.host import files
from limavm.images import cache, local
from limavm.images.digest import parse_digest
from limavm.images.download import Client
from limavm.model.arch import Arch
from limavm.model.config import FirmwareImage
from limavm.model.report import Reporter


def ensure_downloaded(images: Sequence[FirmwareImage], arch: Arch, directory: str, report: Reporter) -> None:
    """Put the first firmware image that can be had into `directory`; none is an error only when all fail.

    Does nothing when the configuration names none for this driver, or the code is there.
    """
    path = os.path.join(directory, CODE)
    wanted = [image for image in images if image.arch is arch and image.vm_type in (None, "", "qemu")]
    if os.path.exists(path):
        return
    for image in wanted:
        try:
            _place(image, path, report)
        except UserError as error:
            report.warning(f"Cannot use the firmware {image.location}: {error.message}")
        else:
            return
    if wanted:
        raise UserError("none of the firmware images could be had", where="firmware.images")


def _place(image: FirmwareImage, path: str, report: Reporter) -> None:
    digest = parse_digest(image.digest) if image.digest else None
    if source := local.local_path(image.location):
        local.place_file(source, digest, path, unpack=True, report=report)
        return
    with cache.locked_entry(image.location, report) as entry:
        cache.ensure_data(entry, image.location, digest, "firmware", report, Client())
        files.link_or_clone(cache.ensure_decompressed(entry, image.location, "firmware", report), path)
