"""The latency of `limactl shell NAME true`, against plain ssh over the same control master.

`limactl shell` asks for a login shell in the guest, which plain ssh does not start for a command. The case between
the two tells what the guest's login shell takes, so that what is left is limactl itself.
"""

from functools import partial

from machines import add_options, running
from measure import Report, in_turns, parser, timed


def main() -> None:
    made = parser(__doc__, runs=30)
    add_options(made)
    args = made.parse_args()
    plain = "ssh -F ssh.config lima-NAME true"
    login = "ssh -F ssh.config lima-NAME 'exec /bin/bash -l -c true'"
    with running(args) as machine:
        cases = {
            plain: partial(timed, [*machine.ssh_argv(), "true"], machine.env),
            login: partial(timed, [*machine.ssh_argv(), "exec /bin/bash -l -c true"], machine.env),
            "limactl shell NAME true": partial(timed, [args.limactl, "shell", machine.name, "true"], machine.env),
        }
        values = in_turns(cases, args.runs, warm_up=2)
    report = Report("shell")
    for name, seconds in values.items():
        ours = name.startswith("limactl")
        report.add(name, seconds, versus=None if name == plain else plain, aim=1.15 if ours else None)
    report.finish(args.json)


if __name__ == "__main__":
    main()
