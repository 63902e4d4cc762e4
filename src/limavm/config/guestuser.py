"""Who the user of the guest is when the configuration does not say (spec/config.md 1.8)."""

import re

from msgspec.structs import replace

from limavm.config import layer
from limavm.config.expand import Expander
from limavm.model.config import User
from limavm.model.version import at_least

_NAME = re.compile(r"[a-z_][a-z0-9_-]*")
_FALLBACK = "lima"
_FALLBACK_UID = 1000
_SHELLS = {"FreeBSD": "/bin/sh", "Darwin": "/bin/zsh", "Windows": "cmd.exe"}


def guest_user(given: layer.User, guest_os: str, expander: Expander) -> User:
    """The guest user; what had to be replaced is among the expander's warnings."""
    facts = expander.facts
    created = expander.context.created_with
    template = given.home or _home(guest_os, created)
    uid = given.uid if given.uid is not None else _FALLBACK_UID if facts.root else facts.uid
    name = given.name or _name(expander, created)
    user = User(
        name=name,
        comment=given.comment if given.comment is not None else "" if facts.root else facts.user_comment,
        home=template,
        shell=given.shell or _SHELLS.get(guest_os, "/bin/bash"),
        uid=uid,
        passwordless_sudo=given.passwordless_sudo if given.passwordless_sudo is not None else guest_os != "Darwin",
    )
    if facts.root and not (given.name and given.uid is not None):
        expander.warnings.append(f"limactl runs as root: the user of the guest is {name!r} with uid {uid}")
    # `{{.Home}}` inside of the home directory is the text as it was given.
    expander.set_user(user)
    user = replace(user, home=expander.guest(template, "user.home"))
    expander.set_user(user)
    return user


def _name(expander: Expander, created: str) -> str:
    name = expander.facts.user_name
    if expander.facts.root:
        return _FALLBACK
    if not _NAME.fullmatch(name):
        expander.warnings.append(f"the name {name!r} cannot be a user of the guest, it has {_FALLBACK!r} instead")
        return _FALLBACK
    if name == "admin" and at_least(created, "1.0.0"):
        expander.warnings.append(f"the name 'admin' is reserved in guests, the user is {_FALLBACK!r} instead")
        return _FALLBACK
    return name


def _home(guest_os: str, created: str) -> str:
    if guest_os == "Darwin":
        return "/Users/{{.User}}.guest"
    if at_least(created, "2.1.0"):
        return "/home/{{.User}}.guest"
    return "/home/{{.User}}.linux"
