"""A program that answers like a virtiofsd to what QEMU says on the socket. It serves no file.

It is executed as a child by tests. What it is told goes to a log: a line of words for each message, `start` at
the beginning. With `--dies-at REQUEST` it ends when it is asked that.
"""

import os
import socket
import struct
import sys

assert sys.platform == "linux"

HEADER = struct.Struct("=III")
ANSWERS = {1: 0x1_4000_0000, 15: 0xFFFF, 17: 2}


def main(argv: list[str]) -> None:
    fd, log = int(argv[0]), open(argv[1], "a", buffering=1)  # noqa: SIM115 - until the end
    dies_at = int(argv[2]) if len(argv) > 2 else 0
    log.write(f"start {os.getpid()}\n")
    peer, _ = socket.socket(fileno=fd).accept()
    while data := peer.recv(HEADER.size, socket.MSG_WAITALL):
        request, flags, size = HEADER.unpack(data)
        payload, fds, _, _ = socket.recv_fds(peer, size, 16) if size else (b"", [], 0, None)
        for descriptor in fds:
            os.close(descriptor)
        words = " ".join(str(word) for word in struct.unpack_from(f"={len(payload) // 4}I", payload)[:4])
        log.write(f"{request} {words}".strip() + "\n")
        if request == dies_at:
            return
        answer = struct.pack("=Q", ANSWERS[request]) if request in ANSWERS else b""
        if request == 11:
            answer = struct.pack("=II", struct.unpack_from("=I", payload)[0], 7)
        if flags & 8 and not answer:
            answer = struct.pack("=Q", 0)
        if answer:
            peer.sendall(HEADER.pack(request, 5, len(answer)) + answer)


if __name__ == "__main__":
    main(sys.argv[1:])
