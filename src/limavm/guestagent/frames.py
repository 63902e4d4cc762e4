"""Where frames of HTTP/2 begin in what a serial port brings, so that a new connection is seen in the middle of an old.

A port has no connections of its own. When the host leaves and comes back before we looked, all that tells is the
preface that its HTTP/2 begins with. It counts where a frame would begin, and nowhere else: a frame's payload may be
whatever somebody sends through a tunnel, while as the header of a frame it would announce five megabytes.
"""

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_HEADER = 9


class Frames:
    """Follows one connection from its preface on."""

    def __init__(self) -> None:
        self._left = len(PREFACE)  # bytes until the next frame begins
        self._header = b""

    def split(self, data: bytes) -> tuple[bytes, bytes]:
        """What belongs to this connection, and what begins a new one."""
        position = 0
        while True:
            skipped = min(self._left, len(data) - position)
            position += skipped
            self._left -= skipped
            if self._left:
                return data, b""
            held = len(self._header)
            self._header += data[position : position + _HEADER - held]
            if len(self._header) < _HEADER:
                return data, b""
            if PREFACE.startswith(self._header):
                return data[:position], self._header[:held] + data[position:]
            position += _HEADER - held
            self._left = int.from_bytes(self._header[:3], "big")
            self._header = b""
