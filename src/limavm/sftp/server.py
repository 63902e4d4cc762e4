"""One connection: requests are answered one after the other, in the order in which they came.

That order is what keeps the promise of the protocol that requests about one file are done as they were sent. A
request that cannot be understood is answered with BAD_MESSAGE as long as its length can be believed; a length that
cannot be ends the connection.
"""

import errno
import os
import sys

assert sys.platform != "win32"

from limavm.sftp import files, packet, paths
from limavm.sftp.extensions import OFFER, extended
from limavm.sftp.failures import failure, is_trouble
from limavm.sftp.packet import BAD_MESSAGE, OP_UNSUPPORTED, MalformedError, Refusal, Reply, Request
from limavm.sftp.replies import Replies
from limavm.sftp.requests import BrokenError, Requests

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from limavm.sftp.journal import Journal
    from limavm.sftp.service import Service

_VERSION = 3

HANDLERS: "dict[int, Callable[[Service, Request], Reply | None]]" = {
    packet.OPEN: paths.open_file,
    packet.CLOSE: files.close,
    packet.WRITE: files.write,
    packet.LSTAT: paths.lstat,
    packet.FSTAT: files.stat_open,
    packet.SETSTAT: paths.set_attributes,
    packet.FSETSTAT: files.set_open,
    packet.OPENDIR: paths.open_directory,
    packet.READDIR: files.read_directory,
    packet.REMOVE: paths.remove,
    packet.MKDIR: paths.make_directory,
    packet.RMDIR: paths.remove_directory,
    packet.REALPATH: paths.real_path,
    packet.STAT: paths.follow_stat,
    packet.RENAME: paths.rename,
    packet.READLINK: paths.read_link,
    packet.SYMLINK: paths.make_link,
    packet.EXTENDED: extended,
}


class Server:
    """Answers what comes in on one descriptor on another; both stay the caller's."""

    def __init__(self, service: "Service", journal: "Journal", source: int, sink: int) -> None:
        self._service = service
        self._journal = journal
        self._requests = Requests(source)
        self._replies = Replies(sink)

    def run(self) -> bool:
        """Until the client closes. False: it sent what is not SFTP, or ended in the middle of a packet."""
        try:
            self._greet()
            while (found := self._next()) is not None:
                self._answer(found)
        except BrokenError as error:
            self._journal.line(f"the connection is given up: {error}")
            return False
        except ConnectionError:  # the client is gone, and what it has not read is nobody's
            return True
        finally:
            self._service.handles.close()
        return True

    def _next(self) -> "memoryview | None":
        """The next packet; before there is a wait for it, everything that is known goes out. None: the end."""
        while (found := self._requests.next()) is None:
            self._replies.flush()
            if not self._requests.read():
                return None
        return found

    def _greet(self) -> None:
        first = self._next()
        if first is None:
            return
        if first[0] != packet.INIT:
            raise BrokenError("it does not begin with SFTP's greeting")
        body = packet.U32.pack(_VERSION) + OFFER
        self._replies.raw(packet.U32.pack(len(body) + 1) + bytes([packet.VERSION]) + body)

    def _answer(self, found: memoryview) -> None:
        kind = found[0]
        (number,) = packet.U32.unpack_from(found, 1)
        request = Request(found[5:])
        try:
            if kind == packet.READ:
                files.read(self._service, request, number, self._replies)
                return
            handler = HANDLERS.get(kind)
            if handler is None:
                raise Refusal(OP_UNSUPPORTED, "unknown request")
            reply = handler(self._service, request)
        except OSError as error:
            if is_trouble(error):
                self._journal.line(f"a request failed: {error.strerror}")
            reply = failure(error)
        except Refusal as refusal:
            reply = packet.status(refusal.code, refusal.text)
        except MalformedError as error:
            reply = packet.status(BAD_MESSAGE, str(error))
        except OverflowError:  # a position or size that the system has no number for
            reply = packet.status(BAD_MESSAGE, os.strerror(errno.EINVAL))
        if reply is None:
            self._replies.ok(number)
        else:
            self._replies.add(number, reply)
