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
