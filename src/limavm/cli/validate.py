"""`limactl validate`, which is `limactl template validate` as well (spec/cli.md 6.9)."""

from limavm.cli import logs
from limavm.cli.app import Command
from limavm.cli.flags import BoolFlag
from limavm.cli.instances import reporter
from limavm.cli.session import Session


def _validate(_session: Session, locators: list[str], *, fill: bool) -> None:
    from limavm.cli import templates

    report = reporter()
    for locator in locators:
        template = templates.read_named(locator)
        # The user's own base.yaml is no part of the template, and is one of what it becomes.
        config, warnings = templates.resolved(template, templates.whole(template, base=fill))
        for warning in warnings:
            report.warning(warning)
        logs.info(f"{locator!r} is valid")
        if fill:
            from limavm.cli.yamlcolour import show
            from limavm.config.filled import written

            text = written(config)
            show(f"---\n{text}...\n" if len(locators) > 1 else text)


COMMAND = Command(
    "validate",
    _validate,
    usage="FILE.yaml|URL|template:NAME...",
    least=1,
    help="Check templates.\n\nEvery problem is told with its file, line and key.",
    flags=[BoolFlag(["--fill"], help="Print the configuration with all defaults filled in")],
    examples="limactl validate ./dev.yaml\nlimactl validate --fill template:debian",
)
