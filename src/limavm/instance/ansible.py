"""Runs the playbooks of `mode: ansible` on the host, once an instance that was just started is ready.

They are told of the guest by the inventory of the instance, and of `param` by `PARAM_*` in the environment
(spec/runtime.md 2.3, step 6). Ansible says on the terminal what it does.
"""

import os
from collections.abc import Callable, Mapping, Sequence

from limavm.errors import UserError
from limavm.host import paths, process
from limavm.model.config import Config
from limavm.model.report import Reporter

PROGRAM = "ansible-playbook"


def run_playbooks(
    name: str,
    directory: str,
    config: Config,
    report: Reporter,
    *,
    run: Callable[..., int] = process.interactive,
) -> None:
    """Run every playbook of the configuration, in its order, each from the directory where we are.

    Raises UserError for the first that fails, and when Ansible is not installed; the machine runs on then.
    """
    inventory = os.path.join(directory, paths.ANSIBLE_INVENTORY)
    for index, step in enumerate(config.provision):
        if step.mode != "ansible":
            continue
        where = f"provision[{index}]"
        if not step.playbook:
            report.warning(f"{where} has mode ansible and no playbook: nothing is done for it")
            continue
        report.info(f"Running the playbook {step.playbook!r} for the instance {name!r}")
        _check(name, where)
        status = run(argv(inventory, step.playbook), env=environment(os.environ, config.param))
        if status:
            raise UserError(
                f"the instance {name!r} is running, but its playbook {step.playbook!r} has failed: "
                f"{PROGRAM} has ended with status {status}",
                where=where,
                hint=f"its words are above; to run it again: {PROGRAM} -i {inventory} {step.playbook}",
            )


def argv(inventory: str, playbook: str) -> Sequence[str]:
    """The command line of one playbook."""
    return [PROGRAM, "-i", inventory, playbook]


def environment(environ: Mapping[str, str], param: Mapping[str, str]) -> dict[str, str]:
    """The environment of a playbook."""
    return {**environ, **{f"PARAM_{key}": value for key, value in param.items()}}


def _check(name: str, where: str) -> None:
    if not process.find_program(PROGRAM):
        raise UserError(
            f"the instance {name!r} is running, but its playbook could not be run: {PROGRAM} is not installed here",
            where=where,
            hint="install Ansible on this host (Debian and Ubuntu: sudo apt-get install ansible-core; "
            "macOS: brew install ansible), then stop and start the instance",
        )
