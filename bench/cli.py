"""How long limactl takes to answer: --version, and list in all formats with 1, 10, 100 and 1,000 stopped instances.

`python -c pass` is measured in the same run: it is the least that any command in Python can take.
"""

import contextlib
import os
import sys
from functools import partial

from machines import temporary_home
from measure import Report, in_turns, parser, timed

#: The text of an ordinary instance, of about the length that `limactl create` leaves.
LIMA_YAML = """\
# An instance of the benchmark; it is listed and never started.
images:
- location: "https://cloud.debian.org/images/cloud/trixie/latest/debian-13-genericcloud-amd64.qcow2"
  arch: "x86_64"
- location: "https://cloud.debian.org/images/cloud/trixie/latest/debian-13-genericcloud-arm64.qcow2"
  arch: "aarch64"
cpus: 2
memory: "2GiB"
disk: "20GiB"
mounts:
- location: "~"
- location: "/tmp/lima"
  writable: true
containerd:
  system: false
  user: false
provision:
- mode: system
  script: |
    #!/bin/sh
    set -eu
    test -e /etc/bench || touch /etc/bench
- mode: user
  script: |
    #!/bin/sh
    date >~/started
probes:
- description: "the file is there"
  script: |
    #!/bin/sh
    test -e /etc/bench
portForwards:
- guestPort: 8080
  hostPort: 18080
env:
  BENCH: "1"
message: |
  This instance is called {{.Name}}.
"""


COUNTS = (1, 10, 100, 1000)
#: Ways to ask for a list, by the name in the table.
FORMATS = {
    "list": [],
    "list --quiet": ["--quiet"],
    "list --json": ["--json"],
    "list --format=yaml": ["--format=yaml"],
    "list --format={{.Name}}": ["--format={{.Name}}"],
    "list --yq=.name": ["--yq=.name"],
}
#: The most that a list of 100 may take, in times of `python -c pass`.
AIM = {"list": 6.0, "list --quiet": 3.0}


def add_instances(home: str, count: int) -> None:
    """Make stopped instances out of nothing but their files."""
    for number in range(count):
        directory = os.path.join(home, f"bench-{number}")
        os.mkdir(directory, 0o700)
        for name, text in (("lima.yaml", LIMA_YAML), ("lima-version", "2.2.0\n"), ("disk", "")):
            with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
                file.write(text)


def main() -> None:
    args = parser(__doc__, runs=20).parse_args()
    report = Report("cli")
    base = "python -c pass"
    with contextlib.ExitStack() as stack:
        cases = {
            base: partial(timed, [sys.executable, "-c", "pass"]),
            "limactl --version": partial(timed, [args.limactl, "--version"]),
        }
        aims = {}
        for count in COUNTS:
            home = stack.enter_context(temporary_home())
            add_instances(home, count)
            env = {**os.environ, "LIMA_HOME": home}
            for what, options in FORMATS.items():
                name = f"limactl {what}, {count} stopped"
                cases[name] = partial(timed, [args.limactl, "list", *options], env)
                if count == 100 and what in AIM:
                    aims[name] = AIM[what]
        values = in_turns(cases, args.runs)
    for name, seconds in values.items():
        report.add(name, seconds, versus=None if name == base else base, aim=aims.get(name))
    report.finish(args.json)


if __name__ == "__main__":
    main()
