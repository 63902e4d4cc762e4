"""The latency of `limactl shell NAME true`, against plain ssh over the same control master."""

from functools import partial

from machines import add_options, running
from measure import Report, in_turns, parser, timed


def main() -> None:
    made = parser(__doc__, runs=30)
    add_options(made)
    args = made.parse_args()
    plain = "ssh -F ssh.config lima-NAME true"
    with running(args) as machine:
        cases = {
            plain: partial(timed, [*machine.ssh_argv(), "true"], machine.env),
            "limactl shell NAME true": partial(timed, [args.limactl, "shell", machine.name, "true"], machine.env),
        }
        values = in_turns(cases, args.runs, warm_up=2)
    report = Report("shell")
    for name, seconds in values.items():
        compared = name != plain
        report.add(name, seconds, versus=plain if compared else None, aim=1.15 if compared else None)
    report.finish(args.json)


if __name__ == "__main__":
    main()
