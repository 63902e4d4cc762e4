"""Images of other virtualizers become raw ones; what QEMU uses well stays as it is (spec/runtime.md 4.10, 13.5)."""

from collections.abc import Callable

from limavm.images.formats import Format, accept_image
from limavm.images.qemuimg import qemu_img
from limavm.model.report import Reporter

_AS_IT_IS = (Format.QCOW2, Format.RAW, Format.ISO9660)


def as_usable(source: str, place: Callable[[Callable[[str], None]], str], report: Reporter) -> str:
    """The path of `source`, or of its conversion to raw.

    `place` is given a function that writes the conversion to a path, and returns where it is.
    Raises UserError when the image is refused or cannot be converted.
    """
    found = accept_image(source)
    if found in _AS_IT_IS:
        return source

    def make(target: str) -> None:
        report.info(f"Converting the image from {found} to raw")
        qemu_img(*convert_args(source, found, target))

    return place(make)


def convert_args(source: str, found: Format, target: str) -> list[str]:
    """The arguments of the qemu-img that writes a raw copy; formats are explicit, so that nothing is guessed."""
    return ["convert", "-f", found.value, "-O", "raw", source, target]
