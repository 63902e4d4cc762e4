"""The locations that templates name, for `prune --keep-referred`."""

from limavm.cli import templates
from limavm.errors import UserError
from limavm.instance.pruning import Referred, referred, unknown
from limavm.model.report import Reporter


def by_templates(report: Reporter) -> Referred:
    """What all templates name with everything they refer to; what cannot be read is warned of."""
    found = Referred()
    for name, _ in templates.all_templates():
        try:
            config = templates.filled_config(templates.read_template(f"template:{name}"))
            found |= Referred(locations=frozenset(referred(config)))
        except UserError as error:
            report.warning(unknown(f"the template {name!r}", error.message))
            found |= Referred(all_known=False)
    return found
