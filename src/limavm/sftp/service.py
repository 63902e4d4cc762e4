"""What the requests of one connection have in common: the root, the handles, and what this client may do."""

import os
import sys

assert sys.platform != "win32"

from limavm.sftp.attributes import Attributes
from limavm.sftp.beneath import Root
from limavm.sftp.handles import Handles
from limavm.sftp.packet import PERMISSION_DENIED, Refusal


class Service:
    """One client's view of the directory.

    `mask` takes bits from the mode of what is created without one; what the client does say is kept, as the kernel
    of the guest has masked it already. With `follow_symlinks`, READDIR tells of what links lead to, which saves
    sshfs (that then asks for it anyway) a question for each.
    """

    def __init__(
        self,
        root: Root,
        *,
        read_only: bool = False,
        follow_symlinks: bool = False,
        mask: int = 0o022,
        handles: "Handles | None" = None,
    ) -> None:
        self.root = root
        self.read_only = read_only
        self.follow_symlinks = follow_symlinks
        self.mask = mask
        self.handles = Handles() if handles is None else handles

    def ensure_writable(self) -> None:
        """Raise Refusal when nothing may be changed."""
        if self.read_only:
            raise Refusal(PERMISSION_DENIED, "the mount is read-only")

    def changes(self, wanted: Attributes, found: "os.stat_result") -> bool:
        """Whether there is anything to do to set these attributes; raise Refusal when it may not be done.

        A guest is told of a change on the host by setting times that are said to stay, or that the file has already
        (mountInotify). On a read-only mount that is the one change that is let pass: none.
        """
        if not self.read_only:
            return True
        if wanted.only_times() and (wanted.keeps_times or wanted.mtime == found[8]):
            return False
        raise Refusal(PERMISSION_DENIED, "the mount is read-only")
