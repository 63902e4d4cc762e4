"""Whether containerd of the user runs: its units are started in the background, so a boot script cannot tell.

One script in the guest names each unit that its user's manager should have started and that has failed, or fails again
and again, with the end of its journal below it, in lines that begin with a tab. An instance is not degraded for it.
"""

import logging
from collections.abc import Iterator

from limavm.hostagent.failures import without_controls
from limavm.hostagent.requirements import Runner
from limavm.model.config import Config

log = logging.getLogger(__name__)

#: How long the guest may take to answer, in seconds.
_LIMIT = 30.0
#: What is told at most, however much the guest says.
_MOST_UNITS = 8
_MOST_LINES = 10
_WIDEST = 500

#: A manager that hangs is given up in the guest as well: what ssh leaves there would wait for ever.
_SCRIPT = """XDG_RUNTIME_DIR=/run/user/$(id -u)
export XDG_RUNTIME_DIR
cd "${XDG_CONFIG_HOME:-$HOME/.config}/systemd/user/default.target.wants" 2>/dev/null || exit 0
for name in containerd default-buildkit buildkit stargz-snapshotter containerd-fuse-overlayfs; do
  unit=$name.service
  [ -L "$unit" ] || continue
  state=$(timeout 5 systemctl --user show -P SubState "$unit" 2>/dev/null) || state=unknown
  case $state in failed | auto-restart*) ;; *) continue ;; esac
  echo "$unit: $state"
  timeout 5 journalctl --user -u "$unit" -n 10 -o cat --no-pager 2>/dev/null | cut -c 1-500 | sed 's/^/\t/'
done
exit 0
"""


def are_wanted(config: Config) -> bool:
    """Whether the user of the guest is to have services."""
    return config.containerd.user and config.os == "Linux" and not config.plain


async def warn_of_failed(runner: Runner, *, limit: float = _LIMIT) -> None:
    """Log a warning for each service of the user that does not run; what the guest does not tell is no error."""
    try:
        done = await runner.run(_SCRIPT, timeout=limit)
    except TimeoutError:
        log.warning("The guest does not say within %g s whether its user's containerd runs", limit)
        return
    if done.status:
        log.warning("The guest does not say whether its user's containerd runs (status %d)", done.status)
        return
    for text in failed(done.stdout):
        log.warning("%s", text)


def failed(output: bytes) -> Iterator[str]:
    """A text for each service that has failed: its name, its state, and below it the end of its journal."""
    units: list[tuple[str, list[str]]] = []
    for line in output.decode(errors="replace").splitlines():
        words = without_controls(line)[:_WIDEST]
        if line.startswith("\t"):
            if units:
                units[-1][1].append(f"  {words.strip()}")
            continue
        unit, colon, state = words.partition(".service: ")
        if colon:
            units.append((f"The user's service {unit}.service does not run in the guest ({state})", []))
    for told, journal in units[:_MOST_UNITS]:
        yield "\n".join((told, *journal[-_MOST_LINES:]))
