"""Images built on this host from the distribution's signed packages: `mmdebstrap:SUITE?…` to a bootable machine.

A build needs no root, no loop device and no partition table: packages are unpacked in a user namespace,
`mkfs.ext4 -d` turns the tree into a file system, and the hypervisor loads kernel and initrd itself.
"""

from limavm.images.build.location import is_build
from limavm.images.build.run import Built, build

__all__ = ["Built", "build", "is_build"]
