"""All files of the seed: a resolved Config and the facts of one start in, paths and contents out.

Nothing is written here; `iso` puts the files into an image. The contents follow spec/runtime.md 6.2.
Only `lima.env` differs from one start to the next of an unchanged instance.
"""

import re

from limavm.errors import UserError
from limavm.model.config import Config
from limavm.seed.cloudinit import meta_data, network_config, user_data
from limavm.seed.environment import etc_environment, lima_env, numbered, param_env
from limavm.seed.facts import SeedFacts
from limavm.seed.scripts import load_scripts

_SCRIPT_MODES = ("system", "user", "dependency")
_USER_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


def documents(config: Config, facts: SeedFacts) -> dict[str, bytes]:
    """The content of every file of the seed by its path in the image.

    Raises UserError for a guest or a setting that cannot be served (spec/runtime.md 6.4, end).
    """
    check(config, facts)
    return {
        "user-data": user_data(config, facts),
        "meta-data": meta_data(config, facts),
        "network-config": network_config(config, facts),
        "lima.env": lima_env(config, facts),
        "param.env": param_env(config.param),
        "etc_environment": etc_environment(config, facts),
        **load_scripts(),
        **({"lima-guestagent": facts.guest_agent} if facts.guest_agent else {}),
        **({"lima-yq": facts.yq} if facts.yq else {}),
        **_provision_files(config),
        **_once(config, facts),
    }


def _once(config: Config, facts: SeedFacts) -> dict[str, bytes]:
    """The mark of a seed with which cloud-init has no work but once per instance ID.

    An image may leave cloud-init out at later boots then; it has to start `boot.sh` by itself.
    """
    each_boot = len(facts.nics) > 1 or config.upgrade_packages or any(s.mode == "boot" for s in config.provision)
    return {} if each_boot else {"cloud-init.once": b"cloud-init has nothing to do at later boots.\n"}


def cloud_config(config: Config, facts: SeedFacts) -> bytes:
    """`cloud-config.yaml`: the copy of user-data that is kept in the instance directory for reading.

    Raises UserError as `documents` does, so that an instance which could never boot is not created.
    """
    check(config, facts)
    note = b"# A copy for reading. limactl writes it at each start and never reads it.\n"
    return user_data(config, facts).replace(b"\n", b"\n" + note, 1)


def _provision_files(config: Config) -> dict[str, bytes]:
    files = {
        f"provision.{mode}/{number}": step.script.encode()
        for mode in _SCRIPT_MODES
        for number, step in numbered(config.provision, mode)
    }
    data = {
        f"provision.data/{number}": (step.content or "").encode() for number, step in numbered(config.provision, "data")
    }
    edits = {
        f"provision.yq/{number}": (step.expression or "").encode() for number, step in numbered(config.provision, "yq")
    }
    return files | data | edits


def check(config: Config, facts: SeedFacts) -> None:
    """Raises UserError for what would leave a guest that nobody can log in to, or that we cannot serve yet."""
    _check_guest(config)
    user = config.user
    if not facts.name or any(char.isspace() or char == "/" for char in facts.name):
        raise UserError(f"the instance name {facts.name!r} is not valid", where="instance name")
    if user.name == "root" or user.uid == 0:
        raise UserError(
            "the user of the guest cannot be root",
            where="user.uid" if user.name != "root" else "user.name",
            hint="set `user.name` and `user.uid` to an ordinary user, such as lima and 1000",
        )
    if not _USER_NAME.fullmatch(user.name):
        raise UserError(f"{user.name!r} is not a name of a Linux user", where="user.name")
    for key, value in (("user.home", user.home), ("user.shell", user.shell)):
        if not value.startswith("/"):
            raise UserError(f"{value!r} is not an absolute path", where=key)
    if not facts.ssh_public_keys:
        raise UserError("there is no public key for the user of the guest", where="ssh")


def _check_guest(config: Config) -> None:
    if config.os != "Linux":
        raise UserError(f"guests that run {config.os} are not supported yet", where="os", hint="use `os: Linux`")
