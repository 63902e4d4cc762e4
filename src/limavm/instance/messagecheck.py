"""The `message` of a template is tried before an instance is made of it: one that fails makes it Broken."""

import os

from limavm.errors import UserError
from limavm.instance.inspect import described
from limavm.instance.message import render_message
from limavm.model.config import Config


def check_message(config: Config, *, source: str, directory: str) -> None:
    """Raises UserError when an instance in `directory`, which need not exist, could not show its message.

    `source` names the text in it.
    """
    if not config.message:
        return
    try:
        render_message(described(os.path.basename(directory), directory, config), config.message)
    except ValueError as error:
        hint = '`limactl list --list-fields` shows what there is; `{{` that is meant so is written as {{"{{"}}'
        raise UserError(f"the message cannot be rendered: {error}", where=f"message in {source}", hint=hint) from error
