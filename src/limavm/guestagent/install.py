"""The agent as a service of the guest: the texts for systemd and OpenRC, and how they are put in place.

What Lima writes is kept where the two meet: names, flags and places (spec/runtime.md 7.1).
"""

import os
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

from limavm.guestagent.flags import FlagError, parse_flags

NAME = "lima-guestagent"
UNIT = f"/etc/systemd/system/{NAME}.service"
_WANTED = f"/etc/systemd/system/multi-user.target.wants/{NAME}.service"
_CONF = f"/etc/conf.d/{NAME}"
_INIT = f"/etc/init.d/{NAME}"

Run = Callable[[Sequence[str]], int]
"""Runs a program to its end and returns its status."""

# Nothing here waits for the network or for the other services: the agent needs its serial port, which it waits
# for itself, and the kernel's tables. It is started again however often it ends, because nobody else would: at once,
# as its forwards stand still meanwhile, and less and less often where a hundred starts were in vain. systemd before 254
# does not know of the latter; an agent that fails as soon as it has begun waits a moment before it ends (main).
# It could begin before basic.target, as soon as there are file systems. Measured, that is no gain: both processors of
# an emulated guest are busy until somebody can log in, so sshd and the boot scripts are later by what we take.
# One that hangs does not hold up the shutdown of the guest for the usual 90 s; it gives its calls 2 s.
_UNIT_TEXT = """\
[Unit]
Description=Guest agent of Lima
Documentation=https://lima-vm.io
StartLimitIntervalSec=0

[Service]
Type=simple
ExecStart={command}
Restart=always
RestartSec=100ms
RestartSteps=100
RestartMaxDelaySec=10s
TimeoutStopSec=10
OOMPolicy=continue
OOMScoreAdjust=-500

[Install]
WantedBy=multi-user.target
"""
_CONF_TEXT = """\
# Written by the boot scripts of Lima.
guestagent_args={arguments}
"""
_INIT_TEXT = """\
#!/sbin/openrc-run
name="Guest agent of Lima"
supervisor=supervise-daemon
command={program}
command_args="$guestagent_args"
pidfile="/run/$RC_SVCNAME.pid"
output_log=/var/log/{name}.log
error_log=/var/log/{name}.log
respawn_delay=1
respawn_max=0

depend() {{
    need dev localmount
}}

start_pre() {{
    # The supervisor hands it on.
    echo -500 >/proc/self/oom_score_adj || :
}}
"""


class Service(NamedTuple):
    """How the agent is started: one transport (a vsock port, else a serial port, else a unix socket's owner)."""

    program: str
    vsock_port: int = 0
    virtio_port: str = ""
    socket_owner: int = 0
    token_file: str = ""
    debug: bool = False
    #: The program is another one than that which may be running.
    guestagent_updated: bool = False


_FLAGS = {name.replace("_", "-"): value for name, value in Service(program="")._asdict().items() if name != "program"}


def service(program: str, argv: "Sequence[str]") -> Service:
    """The service that the flags ask for; raises FlagError for a flag that is not known or has a bad value."""
    values = parse_flags(list(argv), _FLAGS)
    return Service(program=program, **{name.replace("-", "_"): value for name, value in values.items()})  # type: ignore[arg-type]


def arguments(agent: Service) -> "list[str]":
    """The words after the program's name, without the directory for its state."""
    words = ["daemon"]
    if agent.vsock_port:
        words.append(f"--vsock-port={agent.vsock_port}")
    elif agent.virtio_port:
        words.append(f"--virtio-port={agent.virtio_port}")
    else:
        words.append(f"--socket-owner={agent.socket_owner}")
    words += [f"--token-file={agent.token_file}"] if agent.token_file else []
    return [*words, *(["--debug"] if agent.debug else [])]


def unit_text(agent: Service) -> str:
    """The unit of systemd."""
    words = [_for_systemd(word) for word in (agent.program, *arguments(agent))]
    return _UNIT_TEXT.format(command=" ".join([*words, '--runtime-dir="%t/%N"']))


def _for_systemd(word: str) -> str:
    """A word in quotes, without what systemd would replace in it."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"'


def openrc_texts(agent: Service) -> "tuple[str, str]":
    """The settings and the script of the service for OpenRC."""
    words = " ".join(_for_shell(word) for word in (*arguments(agent), f"--runtime-dir=/run/{NAME}"))
    return _CONF_TEXT.format(arguments=_for_shell(words)), _INIT_TEXT.format(
        program=_for_shell(agent.program), name=NAME
    )


def _for_shell(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def install(agent: Service, root: str, run: Run) -> int:
    """Make the agent a service of whatever starts services below `root`; a status as of a program."""
    if os.path.isdir(f"{root}/run/systemd/system"):
        return install_systemd_service(agent, root, run)
    if os.path.exists(f"{root}/sbin/openrc-run"):
        return install_openrc_service(agent, root, run)
    sys.stderr.write(f"{NAME}: neither systemd nor OpenRC runs here: nothing starts the guest agent\n")
    return 1


def install_systemd_service(agent: Service, root: str, run: Run) -> int:
    """Write the unit, have it started at each boot, and start it now."""
    existed = os.path.exists(root + UNIT)
    changed = _write(root + UNIT, unit_text(agent), 0o644)
    if not os.path.lexists(root + _WANTED):  # what `systemctl enable` does, without the reload, which costs a second
        os.makedirs(os.path.dirname(root + _WANTED), exist_ok=True)
        os.symlink(UNIT, root + _WANTED)
    if changed and existed and (status := run(["systemctl", "--system", "daemon-reload"])):
        return status
    verb = "restart" if changed or agent.guestagent_updated else "start"
    return run(["systemctl", "--system", "--no-block", verb, f"{NAME}.service"])


def install_openrc_service(agent: Service, root: str, run: Run) -> int:
    """Write the script and its settings, have it started at each boot, and start it now."""
    conf, init = openrc_texts(agent)
    changed = _write(root + _CONF, conf, 0o644) | _write(root + _INIT, init, 0o755)
    status = run(["rc-update", "-q", "add", NAME, "default"])
    return run(["rc-service", NAME, "restart" if changed or agent.guestagent_updated else "start"]) or status


def _write(path: str, text: str, mode: int) -> bool:
    """Whether the file was another one; it is the old or the new, never a part."""
    try:
        with open(path, encoding="utf-8") as file:
            if file.read() == text:
                return False
    except (FileNotFoundError, UnicodeDecodeError):
        os.makedirs(os.path.dirname(path), exist_ok=True)
    partial = f"{path}.tmp"
    with open(partial, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(partial, mode)
    os.replace(partial, path)
    return True


def run_program(argv: "Sequence[str]") -> int:
    """Run a program of the guest; 127 when there is none of that name."""
    if sys.platform == "win32":
        return 127
    return os.spawnvp(os.P_WAIT, argv[0], list(argv))  # noqa: S606 - a list, no shell


def install_systemd(argv: "Sequence[str]") -> int:
    """The sub-command `install-systemd`: the service of the program that we are."""
    try:
        agent = service(os.path.abspath(sys.argv[0]), argv)
    except FlagError as error:
        sys.stderr.write(f"{NAME}: {error}\n")
        return 1
    return install_systemd_service(agent, "", run_program)
