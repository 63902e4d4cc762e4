"""`limactl sudoers`: the rules that let a group manage the networks of macOS (spec/cli.md 6.21)."""

from limavm.cli import logs
from limavm.cli.app import Command
from limavm.cli.flags import BoolFlag
from limavm.cli.session import Session
from limavm.errors import UserError
from limavm.model.network import Networks
from limavm.network.security import Accounts

#: Bytes; no file of rules is larger.
_MOST = 1 << 20
_HINT = "limactl sudoers >etc_sudoers.d_lima && sudo install -o root etc_sudoers.d_lima {path}"


def _sudoers(_session: Session, args: list[str], *, check: bool) -> None:
    from limavm.config.networks import load_networks, networks_file
    from limavm.host.platform import facts
    from limavm.network import installed
    from limavm.network.security import paths_to_examine, problems
    from limavm.network.sudoers import sudoers

    host = facts()
    if host.os != "darwin":
        message = "sudo rules are for the networks of macOS, which other systems do not have"
        raise UserError(message, hint="networks of the mode user-v2 need no rights")
    if args and not check:
        raise UserError("a file is only compared, with --check", hint="without a file the rules are printed")
    found = load_networks(host)
    for warning in found.warnings:
        logs.warning(warning)
    networks, accounts = found.networks, installed.accounts()
    if reasons := problems(networks, installed.entries(paths_to_examine(networks)), accounts):
        raise UserError(
            "the networks are not safe to be run as root:\n- " + "\n- ".join(reasons), where=networks_file()
        )
    present = installed.is_installed(networks.paths.socket_vmnet)
    text = sudoers(networks, installed=present, root_group=accounts.root_group)
    if check:
        _check(text, (args or [networks.paths.sudoers])[0], networks, accounts)
    else:
        print(text, end="")


def _check(text: str, path: str, networks: Networks, accounts: Accounts) -> None:
    from limavm.host import textfile
    from limavm.network import installed

    if not path:
        raise UserError("there is no file to compare", hint="name one, or set paths.sudoers in networks.yaml")
    present = textfile.read_if_any(path, _MOST, "the file of the rules")
    if compared(text, present, path):
        print(f"{path!r} is up to date")
    elif installed.is_installed(networks.paths.socket_vmnet) and installed.sudo_without_password(accounts.root_group):
        print(f"{path!r} does not exist, and sudo asks for no password")
    else:
        raise UserError(
            "the file does not exist, and sudo asks for a password", where=path, hint=_HINT.format(path=path)
        )


def compared(text: str, present: bytes | None, path: str) -> bool:
    """Whether the file has these rules; False when there is no file. Raises UserError for other rules."""
    if present is None:
        return False
    if present != text.encode():
        raise UserError("the rules are out of sync and must be made again", where=path, hint=_HINT.format(path=path))
    return True


COMMAND = Command(
    "sudoers",
    _sudoers,
    usage="[--check [FILE]]",
    most=1,
    help="""Print the sudo rules for the networks of macOS, or compare them with a file.

Without a file --check looks at `paths.sudoers` of networks.yaml.""",
    flags=[BoolFlag(["--check"], help="Compare the rules with a file")],
    examples="""limactl sudoers >etc_sudoers.d_lima
limactl sudoers --check /private/etc/sudoers.d/lima""",
)
