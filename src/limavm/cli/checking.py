"""Templates checked, and shown with all defaults: what `validate` does, without its command line (spec/cli.md 6.9)."""

from collections.abc import Sequence

from limavm.cli import logs, templates
from limavm.cli.instances import reporter


def check(locators: Sequence[str], *, fill: bool = False) -> None:
    """Tell which templates are valid; raises UserError with all problems of the first that is not.

    `fill` prints the configurations, with the defaults of the driver as well.
    """
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
