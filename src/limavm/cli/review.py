"""The menu before an instance is created: proceed, edit, choose another template, or leave (spec/cli.md 4.3)."""

from collections.abc import Mapping

from limavm.cli import editor, logs, menu, templates
from limavm.cli.changed import changed, whole
from limavm.cli.instances import DEFAULT
from limavm.cli.rejected import REJECTED, kept_when_rejected
from limavm.config.decode import decode
from limavm.config.locator import Template
from limavm.errors import UserError

_PROCEED = "Go on with this configuration"
_EDIT = "Open an editor to change the configuration"
_OTHER = "Choose another template"
_LEAVE = "Leave without creating anything"


def reviewed(name: str, template: Template, flags: Mapping[str, object]) -> bytes:
    """The text that the user agreed to, changed by the flags; raises UserError when they left."""
    while True:
        text = changed(whole(template), flags, source=template.locator)
        match _ask(name):
            case answer if answer == _PROCEED:
                return text
            case answer if answer == _EDIT:
                return _edited(name, template, text)
            case answer if answer == _OTHER:
                chosen = menu.select("Which template?", templates.visible_templates())
                template = templates.read_template(f"template:{chosen}", name)
            case _:
                raise UserError("nothing was created, as you wished")


def _ask(name: str) -> str:
    try:
        return menu.select(f"Creating the instance {name!r}:", (_PROCEED, _EDIT, _OTHER, _LEAVE))
    except menu.MenuUnavailableError as error:
        logs.warning(f"{error.message}; going on with the configuration as it is")
        return _PROCEED


def _edited(name: str, template: Template, text: bytes) -> bytes:
    notes = ["Usually nothing needs to be changed here."] if name == DEFAULT else []
    after = editor.edit(text, f"the configuration of the new instance {name!r}", *notes)
    if not after:
        raise UserError("nothing was created, because the text was left empty")
    if after == text:
        return text
    with kept_when_rejected(after):
        decode(after, REJECTED)
        # The user's base.yaml is in it already (spec/config.md 10, Q6).
        return whole(Template(locator=template.locator, name=template.name, text=after), base=False)
