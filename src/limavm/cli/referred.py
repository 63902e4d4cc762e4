"""The locations that templates name, for `prune --keep-referred`."""

from limavm.cli import templates
from limavm.errors import UserError
from limavm.instance.pruning import referred
from limavm.model.report import Reporter


def by_templates(report: Reporter) -> set[str]:
    """What all templates name with everything they refer to; what cannot be read is warned of."""
    found: set[str] = set()
    for name, _ in templates.all_templates():
        try:
            found.update(referred(templates.filled_config(templates.read_template(f"template:{name}"))))
        except UserError as error:
            report.warning(f"What the template {name!r} refers to is not known, and not kept: {error.message}")
    return found
