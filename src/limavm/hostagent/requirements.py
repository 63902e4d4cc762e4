"""What must be true in the guest before it counts as ready, asked one after the other.

Groups, their order, descriptions and log lines are those of spec/runtime.md 3.7. A requirement that
waits for the guest waits inside the guest: one ssh session is cheaper than many, and answers at once.
"""

import asyncio
import logging
import shlex
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Protocol

from limavm.host.aprocess import Completed
from limavm.host.clock import monotonic
from limavm.hostagent import failures
from limavm.model.config import Config, Probe
from limavm.model.mount import REVERSE_SSHFS
from limavm.model.value import Value

log = logging.getLogger(__name__)

#: Lima tries 200 times, 3 s apart.
LIMIT = 600.0
#: How long one attempt may take: the script's own wait in the guest, and a slow guest's login.
_ATTEMPT = 60.0
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 1.0
_SSH_FAILED = 255
#: The status of a script that gives up.
_HOPELESS = 75
#: The description by which others know that the guest has got containerd.
CONTAINERD = "containerd binaries to be installed"


class Requirement(Value, frozen=True, kw_only=True):
    """A check: a script that ends with status 0 when it is satisfied."""

    description: str
    script: str
    hint: str
    #: Tried once; a failure ends its group.
    fatal: bool = False
    #: The script tells by its status that the condition will not become true in this boot.
    gives_up: bool = False


class Group(Value, frozen=True, kw_only=True):
    """Requirements under the name that log lines give them: essential, optional or final."""

    name: str
    requirements: tuple[Requirement, ...]


class Runner(Protocol):
    """Runs a script in the guest; status 255 and TimeoutError mean that ssh failed."""

    async def run(self, script: str, *, timeout: float) -> Completed:
        """What the script left."""


def essential(config: Config, token: str) -> Group:
    """The requirements without which the guest cannot be used; `token` names this boot."""
    requirements = [_SSH]
    if config.os == "Linux" and not config.plain:
        requirements.append(
            Requirement(
                description="user session is ready for ssh",
                script=_until(f'read -r token < /run/lima-ssh-ready && [ "$token" = {token} ]'),
                hint="The boot scripts are not that far: see /var/log/cloud-init-output.log in the guest.",
            )
        )
    if needs_sshfs(config):
        requirements += _sshfs(token)
    else:
        requirements.append(
            Requirement(
                description="Explicitly start ssh ControlMaster",
                script="true",
                hint="The ssh control socket could not be made: see the directory of the instance.",
            )
        )
    return Group(name="essential", requirements=tuple(requirements))


def needs_sshfs(config: Config) -> bool:
    """Whether the guest has to have sshfs before it counts as reachable."""
    return config.os == "Linux" and not config.plain and config.mount_type == REVERSE_SSHFS and bool(config.mounts)


def _sshfs(token: str) -> list[Requirement]:
    return [
        Requirement(
            description="sshfs binary to be installed",
            script=_until("command -v sshfs >/dev/null"),
            hint="The boot scripts install sshfs: see /var/log/cloud-init-output.log in the guest.",
        ),
        Requirement(
            description="fuse to allow_other as user",
            script=_until(f'read -r token < /run/lima-fuse-ready && [ "$token" = {token} ]'),
            hint="The boot scripts add user_allow_other to /etc/fuse.conf: see /var/log/cloud-init-output.log.",
        ),
    ]


def optional(config: Config, token: str, containerd: str = "") -> Group:
    """The readiness probes of the configuration, and before them the archive of containerd of this version, if any."""
    probes = (_of_probe(probe) for probe in config.probes if probe.mode == "readiness")
    return Group(
        name="optional", requirements=(*(_containerd(config, token, containerd) if containerd else ()), *probes)
    )


def _containerd(config: Config, token: str, version: str) -> tuple[Requirement, ...]:
    nerdctl = shlex.quote(f"{config.guest_install_prefix}/bin/nerdctl")
    return (
        Requirement(
            description="systemd must be available",
            script="[ -d /run/systemd/system ]",
            hint="containerd needs a guest with systemd; `limactl edit --set '.containerd.user = false'` does without.",
            fatal=True,
        ),
        Requirement(
            description=CONTAINERD,
            script=_until(
                f'read -r version < /var/lib/lima/containerd && [ "$version" = {version} ] && '
                f"{{ command -v nerdctl || [ -x {nerdctl} ]; }} >/dev/null",
                unless=_is_done(token),
            ),
            hint="The boot scripts unpack the archive: see /var/log/cloud-init-output.log in the guest.",
            gives_up=True,
        ),
    )


def final(config: Config, token: str) -> Group:
    """What must have ended before the machine is ready."""
    if config.os == "Windows":
        return Group(name="final", requirements=())
    done = Requirement(
        description="boot scripts must have finished",
        script=_until(_is_done(token), then=failures.TOLD),
        hint="A boot or provision script has failed or still runs: see /var/log/cloud-init-output.log in the guest.",
    )
    return Group(name="final", requirements=(done,))


_SSH = Requirement(
    description="ssh",
    script="true",
    hint="The guest does not let ssh in: see serial.log in the directory of the instance.",
)


def _is_done(token: str) -> str:
    return f'read -r token < /run/lima-boot-done && [ "$token" = {token} ]'


def _until(condition: str, *, then: str = "exit 0", unless: str = "") -> str:
    """A script that waits up to 20 s in the guest for a condition; a missing file is a wait too.

    There is no hope for it any more once `unless` is true and the condition still is not.
    """
    hopeless = f'  [ -z "$over" ] || exit {_HOPELESS}\n  {{ {unless}; }} 2>/dev/null && over=1 && continue\n'
    return f"""i=0
over=
while [ $i -lt 100 ]; do
  {{ {condition}; }} 2>/dev/null && {{ {then}; }}
{hopeless if unless else ""}  sleep 0.2
  i=$((i + 1))
done
exit 1
"""


def _of_probe(probe: Probe) -> Requirement:
    return Requirement(description=probe.description, script=probe_script(probe.script), hint=probe.hint)


def probe_script(script: str) -> str:
    """The shell script that runs a probe under its own interpreter, with `PARAM_*` exported.

    The probe travels as a here-document whose end mark does not occur in it.
    """
    interpreter = script.partition("\n")[0].removeprefix("#!").strip() or "/bin/sh"
    mark = "LIMA_PROBE_END"
    while mark in script:
        mark += "_"
    return f"""while IFS= read -r line; do
  [ -n "$line" ] && export "$line"
done <<LIMA_PARAMS
$(sudo -n cat /mnt/lima-cidata/param.env 2>/dev/null)
LIMA_PARAMS
exec {interpreter} /dev/fd/3 3<<'{mark}'
{script}
{mark}
"""


async def satisfy(
    groups: Iterable[Group],
    runner: Runner,
    *,
    limit: float = LIMIT,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    satisfied: Callable[[str, Requirement, float], None] = lambda _group, _requirement, _took: None,
    said: Callable[[str, bytes], None] = lambda _group, _output: None,
) -> list[str]:
    """Ask every requirement in order; returns a sentence for each that was not met within `limit` seconds.

    `satisfied` is told the group's name, the requirement, and the seconds it took; `said` what it printed then.
    """
    errors: list[str] = []
    for group in groups:
        for label, requirement in _labelled(group):
            log.info("Waiting for the %s: %s", label, _quoted(requirement.description))
            began = monotonic()
            outcome = await _satisfy(requirement, runner, limit, pause)
            if isinstance(outcome, bytes):
                log.info("The %s is satisfied", label)
                said(group.name, outcome)
                satisfied(group.name, requirement, monotonic() - began)
                continue
            errors.append(f"the {label} ({_quoted(requirement.description)}) is not satisfied: {outcome}")
            log.error("%s\n%s", errors[-1], requirement.hint)
            if requirement.fatal:
                break
    return errors


def _labelled(group: Group) -> Iterator[tuple[str, Requirement]]:
    for number, requirement in enumerate(group.requirements, 1):
        yield f"{group.name} requirement {number} of {len(group.requirements)}", requirement


def _quoted(text: str) -> str:
    return f'"{text}"'


async def _satisfy(
    requirement: Requirement, runner: Runner, limit: float, pause: Callable[[float], Awaitable[None]]
) -> str | bytes:
    """What it printed when it is satisfied, else why it is not, after the last attempt."""
    deadline = monotonic() + limit
    wait = _FIRST_PAUSE
    while True:
        outcome = await _attempt(requirement, runner)
        if isinstance(outcome, bytes):
            return outcome
        log.debug("not yet: %s", outcome.words)
        if requirement.fatal or outcome.hopeless or monotonic() + wait > deadline:
            return f"{outcome.words}. {requirement.hint}"
        await pause(wait)
        wait = min(wait * 2, _LONGEST_PAUSE)


class _Failure(Value, frozen=True, kw_only=True):
    """What an attempt ended with, and whether another one would be in vain."""

    words: str
    hopeless: bool = False


async def _attempt(requirement: Requirement, runner: Runner) -> _Failure | bytes:
    try:
        done = await runner.run(requirement.script, timeout=_ATTEMPT)
    except TimeoutError:
        return _Failure(words=f"no answer within {_ATTEMPT:g} s")
    if done.status == 0:
        return done.stdout
    output = (done.stderr or done.stdout).decode(errors="replace").strip()[-500:]
    what = "ssh could not run it" if done.status == _SSH_FAILED else f"exit status {done.status}"
    return _Failure(
        words=f"{what}: {output}" if output else what, hopeless=requirement.gives_up and done.status == _HOPELESS
    )
