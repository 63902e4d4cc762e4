"""Logs in to a VNC server as RFC 6143 has it: a challenge, encrypted by DES with the password."""

import socket
import subprocess

_VERSION = b"RFB 003.008\n"
_BY_PASSWORD = 2


def lets_in(host: str, port: int, password: str) -> bool:
    """Whether a server that asks for a password takes this one."""
    with socket.create_connection((host, port), timeout=10) as peer, peer.makefile("rb") as answers:
        assert answers.read(len(_VERSION)) == _VERSION
        peer.sendall(_VERSION)
        kinds = answers.read(answers.read(1)[0])
        assert list(kinds) == [_BY_PASSWORD], "nobody is let in without a password"
        peer.sendall(kinds)
        peer.sendall(_encrypted(answers.read(16), password))
        return answers.read(4) == bytes(4)


def _encrypted(challenge: bytes, password: str) -> bytes:
    """By DES, which is triple DES with one key; VNC takes the bits of each byte of it from the other end."""
    key = bytes(int(f"{byte:08b}"[::-1], 2) for byte in password.encode().ljust(8, b"\0"))
    argv = ["openssl", "enc", "-des-ede3", "-nopad", "-K", (key * 3).hex()]
    return subprocess.run(argv, input=challenge, stdout=subprocess.PIPE, check=True).stdout
