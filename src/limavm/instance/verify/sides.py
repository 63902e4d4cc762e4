"""Both sides of a mount at work, and what is found."""

import os
from typing import Any, TypeVar

from msgspec.structs import replace

from limavm.host.trees import directory_beneath, remove_tree
from limavm.instance.verify.compare import Difference, differences, first_difference
from limavm.instance.verify.guest import GuestError, Requester, converted
from limavm.instance.verify.operations import Round
from limavm.instance.verify.peer import Tree, answer
from limavm.model.mount import MountState
from limavm.model.value import Value

T = TypeVar("T")

#: What a look at a directory tells: by name, what is known of it (`peer.Entry`).
_Looks = dict[str, dict[str, int | str]]
_MAY_NOT = ("EACCES", "EPERM")


class Verdict(Value, frozen=True, kw_only=True):
    """What came out for one mount; `written` in bytes, by both sides together."""

    mount_point: str
    location: str
    type: str
    writable: bool
    rounds: int = 0
    operations: int = 0
    written: int = 0
    differences: tuple[Difference, ...] = ()
    #: Why it ended before its time; empty otherwise. `denied`: because the guest's user may not.
    error: str = ""
    denied: bool = False
    #: The user has ended it; what was compared until then counts.
    interrupted: bool = False


class Sides:
    """Both sides of a mount, and the directory beside that shows what they should have."""

    def __init__(self, mount: MountState, guest: Requester, name: str, place: str, beside: str, *, modes: bool) -> None:
        self._mount = mount
        self._guest = guest
        self._there = f"{mount.mount_point.rstrip('/')}/{name}"
        self._here = place
        self._beside = Tree(beside)
        self._modes = modes
        self.found: list[Difference] = []
        self._rounds = self._operations = self._written = 0

    def check_access(self) -> None:
        """The guest may write where the mount is writable, and only there."""
        attempt = [["mkdir", "may-the-guest-write"]]
        try:
            self._guest.ask({"do": "apply", "root": self._there, "operations": attempt})
        except GuestError:
            if self._mount.writable:
                raise
            return
        if not self._mount.writable:
            self.found.append(
                Difference(
                    side="host",
                    writer="guest",
                    name=".",
                    what="read-only",
                    expected="refused",
                    found="the guest has made a directory",
                )
            )
        with directory_beneath(self._here) as place:
            os.rmdir("may-the-guest-write", dir_fd=place)

    def play(self, one: Round, writer: str) -> None:
        """One round by one side: then both must see what there is beside."""
        request = {"do": "apply", "operations": one.operations}
        if writer == "host":
            answer(request | {"root": self._here})
        else:
            self._guest.ask(request | {"root": self._there})
        self._beside.apply(one.operations)
        self._compare(one.directory, writer)
        for tree in (self._here, self._beside.root):
            with directory_beneath(tree) as place:
                remove_tree(one.directory, dir_fd=place)
        self._rounds += 1
        self._operations += len(one.operations)
        self._written += one.written

    def _compare(self, directory: str, writer: str) -> None:
        expected = self._beside.look(directory)
        for side, root in (("host", self._here), ("guest", self._there)):
            found = self._ask(side, {"do": "look", "root": root, "name": directory}, _Looks)
            several = differences(expected, found, side=side, writer=writer, modes=self._modes)
            self.found += [self._with_bytes(one, root, directory) for one in several]

    def _with_bytes(self, one: Difference, root: str, directory: str) -> Difference:
        """A difference of digests as one of bytes."""
        if one.what != "sha256" or "none" in (one.expected, one.found):  # what is no file has no bytes
            return one
        name = f"{directory}/{one.name}"

        def block_of(number: int) -> tuple[bytes, bytes]:
            request = {"do": "block", "root": root, "name": name, "number": number}
            # It is base64 in JSON.
            return self._beside.block(name, number), self._ask(one.side, request, bytes)

        blocks = self._ask(one.side, {"do": "blocks", "root": root, "name": name}, list[str])
        first = first_difference(self._beside.blocks(name), blocks, block_of)
        if first is None:  # it was seen once, and is gone
            return replace(one, what="content", expected="the same at each look", found="other bytes at the first look")
        where = f"from byte {first.offset} on, in {first.blocks} blocks of 4 KiB"
        return replace(one, what=f"content {where}", expected=first.expected.hex(" "), found=first.found.hex(" "))

    def _ask(self, side: str, request: dict[str, Any], kind: type[T]) -> T:
        return converted(answer(request) if side == "host" else self._guest.ask(request), kind)

    def verdict(self, error: GuestError | None = None, *, interrupted: bool = False) -> Verdict:
        """What has come out until now; `error` has ended it."""
        return Verdict(
            mount_point=self._mount.mount_point,
            location=self._mount.location,
            type=self._mount.type,
            writable=self._mount.writable,
            rounds=self._rounds,
            operations=self._operations,
            written=self._written,
            differences=tuple(self.found),
            error=str(error or ""),
            denied=error is not None and error.code in _MAY_NOT,
            interrupted=interrupted,
        )
