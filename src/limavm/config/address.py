"""IP and MAC addresses as texts. The standard modules for it would double the time that decoding takes."""

import re

_V4 = re.compile(r"(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}", re.ASCII)
_GROUP = re.compile(r"[0-9a-fA-F]{1,4}")
_MAC = re.compile(r"[0-9a-f]{2}(?:(?::[0-9a-f]{2})+|(?:-[0-9a-f]{2})+)|[0-9a-f]{4}(?:\.[0-9a-f]{4})+", re.IGNORECASE)


def parse_ip(text: str) -> int | None:
    """4 or 6, the version of the address; None when the text is none (a zone is not accepted)."""
    if len(text) > 45:
        return None
    if _V4.fullmatch(text):
        return 4
    return 6 if _is_v6(text) else None


def canonical_ip(text: str) -> str | None:
    """The address as everybody writes it, to be compared as a text; IPv4 also where IPv6 contains it."""
    version = parse_ip(text)
    if version != 6:
        return text if version else None
    head, gap, tail = _dotted_as_groups(text.lower()).partition("::")
    first, last = ([int(group, 16) for group in part.split(":")] if part else [] for part in (head, tail))
    groups = first + [0] * (8 - len(first) - len(last) if gap else 0) + last
    if groups[:6] == [0, 0, 0, 0, 0, 0xFFFF]:
        return ".".join(str(byte) for group in groups[6:] for byte in divmod(group, 256))
    # The longest run of zeros, of two at least, and of equal ones the first.
    runs = [(index, length) for index in range(8) for length in range(2, 9 - index) if not any(groups[index:][:length])]
    start, length = max(runs, key=lambda run: (run[1], -run[0]), default=(8, 0))
    left, right = (":".join(f"{group:x}" for group in part) for part in (groups[:start], groups[start + length :]))
    return f"{left}::{right}" if length else left


def _dotted_as_groups(text: str) -> str:
    """An IPv6 address whose end is not written as IPv4."""
    head, _, last = text.rpartition(":")
    if "." not in last:
        return text
    one, two, three, four = map(int, last.split("."))
    return f"{head}:{one * 256 + two:x}:{three * 256 + four:x}"


def _is_v6(text: str) -> bool:
    head, gap, tail = text.partition("::")
    groups = (head.split(":") if head else []) + (tail.split(":") if tail else [])
    count = len(groups)
    if groups and _V4.fullmatch(groups[-1]) and (tail or not gap):
        groups.pop()
        count += 1
    if "::" in tail or not all(_GROUP.fullmatch(group) for group in groups):
        return False
    return count < 8 if gap else count == 8


def mac_bytes(text: str) -> int | None:
    """How many bytes a hardware address has, written as `aa:bb`, `aa-bb` or `aabb.ccdd`; None when it is none."""
    if not _MAC.fullmatch(text):
        return None
    return sum(char in "0123456789abcdefABCDEF" for char in text) // 2
