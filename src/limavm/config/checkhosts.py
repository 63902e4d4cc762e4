"""Warns of entries of `hostResolver.hosts` that can never be of use; Lima takes them without a word."""

import re
from collections.abc import Mapping

from limavm.config.address import parse_ip
from limavm.config.flaw import Flaws

#: Labels of 1 to 63 characters, the whole of 253 at most: what fits into a question (RFC 1035, 2.3.4).
_NAME = re.compile(r"(?=.{1,254}$)[^\s.]{1,63}(?:\.[^\s.]{1,63})*\.?")
_DOTTED_NUMBERS = re.compile(r"[0-9]+(?:\.[0-9]+)+")
_ALWAYS_THE_HOST = "host.lima.internal"


def warn_of_hosts(hosts: Mapping[str, str], flaws: Flaws) -> None:
    """One warning for each name, or value, that no guest could ask for."""
    for name, value in hosts.items():
        path = ("hostResolver", "hosts", name)
        if not _NAME.fullmatch(name):
            flaws.add(f"{name!r} is no name that a guest could ask for", *path)
        elif name.lower().removesuffix(".") == _ALWAYS_THE_HOST:
            flaws.add("is always the host, and stays so", *path)
        if parse_ip(value) is None and (not _NAME.fullmatch(value) or _DOTTED_NUMBERS.fullmatch(value)):
            flaws.add(f"{value!r} is neither an address nor a name", *path)
