"""Puts the guest agent into a guest that runs, as its next boot would (spec/cli.md 6.22, `guest-install`)."""

import hashlib

from limavm.errors import UserError
from limavm.host import process
from limavm.instance.inspect import inspect
from limavm.model.instance import Instance, Status
from limavm.model.report import Reporter
from limavm.seed.agentbundle import bundle
from limavm.seed.scripts import guest_file

#: Seconds for a guest that is emulated on a busy host: it compiles the agent.
_LIMIT = 300.0
_DIRECTORY = "/run/lima-guestagent-install"
#: Words that every login shell understands.
_COPY = f"sudo -n sh -c 'umask 077; rm -rf {_DIRECTORY}; mkdir {_DIRECTORY}; cat >{_DIRECTORY}/lima-guestagent'"
_INSTALL = "sudo -n sh"


def guest_install(name: str, *, report: Reporter) -> None:
    """Install this version's guest agent in the instance, and start it again if it is another one than before.

    Raises UserError when the instance does not run, wants no agent, or cannot install it.
    """
    instance = inspect(name)
    if instance.status is Status.STOPPED:
        raise UserError(
            f"the instance {name!r} is not running",
            where=instance.dir,
            hint=f"start it, which installs the guest agent as well: `limactl start {name}`",
        )
    if instance.config is not None and instance.config.plain:
        raise UserError(f"the instance {name!r} is in plain mode, which has no guest agent", where="plain")
    content = bundle()
    report.info(f"Copying the guest agent to the instance {name!r}")
    _ssh(instance, _COPY, content)
    report.info("Installing it")
    _ssh(instance, _INSTALL, script(hashlib.sha256(content).hexdigest()))
    report.info("The guest agent is installed")


def script(digest: str) -> bytes:
    """What root runs in the guest: the script of the boot, with our archive in the place of the seed's."""
    return _SCRIPT % {
        b"directory": _DIRECTORY.encode(),
        b"digest": digest.encode(),
        b"find_python": guest_file("util/find_python.sh"),
        b"install": guest_file("boot.Linux/00-guestagent.bg.sh"),
    }


_SCRIPT = b"""\
set -eu
directory=%(directory)s
trap 'rm -rf "$directory"' EXIT
mkdir "$directory/util"
cat >"$directory/util/find_python.sh" <<'LIMA-END'
%(find_python)s
LIMA-END
while IFS= read -r line || [ -n "$line" ]; do
    [ -z "$line" ] || export "${line?}"
done </mnt/lima-cidata/lima.env
export LIMA_CIDATA_MNT="$directory" LIMA_CIDATA_GUESTAGENT_DIGEST=%(digest)s
export LIMA_CIDATA_GUESTAGENT_LATE=
# A guest that an older version has started has no token.
export LIMA_CIDATA_AGENT_TOKEN="${LIMA_CIDATA_AGENT_TOKEN:-}"
rm -rf /run/lima-guestagent-setup
(
%(install)s
)
installed=
[ ! -e "$LIMA_CIDATA_GUEST_INSTALL_PREFIX/lib/lima-guestagent/installed" ] ||
    read -r installed <"$LIMA_CIDATA_GUEST_INSTALL_PREFIX/lib/lima-guestagent/installed"
case $installed in
"$LIMA_CIDATA_GUESTAGENT_DIGEST "*) ;;
*)
    echo "the guest has no Python 3.10 or newer" >&2
    exit 1
    ;;
esac
"""


def _ssh(instance: Instance, command: str, stdin: bytes) -> None:
    process.run(["ssh", "-F", instance.ssh_config_file, instance.hostname, "--", command], stdin=stdin, timeout=_LIMIT)
