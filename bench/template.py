"""How long limactl takes to check and to fill a template: `validate` and `template copy --fill`.

The template is the default one, which describes every key in some 30 KB and has bases of its own. The
aims are those of a machine on which `python -c pass` takes 10 ms, as ratios: 120 ms and 250 ms.
"""

import os
import sys
from functools import partial

from machines import temporary_home
from measure import Report, in_turns, parser, timed

VALIDATE_AIM = 12.0
FILL_AIM = 25.0


def main() -> None:
    options = parser(__doc__, runs=20)
    options.add_argument("--template", default="template:default", help="the template (default: template:default)")
    args = options.parse_args()
    report = Report("template")
    base = "python -c pass"
    with temporary_home() as home:
        env = {**os.environ, "LIMA_HOME": home}
        commands = {
            "limactl validate": ["validate", args.template],
            "limactl template copy": ["template", "copy", args.template],
            "limactl template copy --embed-all": ["template", "copy", "--embed-all", args.template],
            "limactl template copy --fill": ["template", "copy", "--fill", args.template],
        }
        cases = {base: partial(timed, [sys.executable, "-c", "pass"])}
        cases |= {name: partial(timed, [args.limactl, *argv], env) for name, argv in commands.items()}
        values = in_turns(cases, args.runs)
    aims = {"limactl validate": VALIDATE_AIM, "limactl template copy --fill": FILL_AIM}
    for name, seconds in values.items():
        report.add(name, seconds, versus=None if name == base else base, aim=aims.get(name))
    report.finish(args.json)


if __name__ == "__main__":
    main()
