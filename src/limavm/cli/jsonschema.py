"""`limactl generate-jsonschema`: the schema of a configuration, and files checked against it (spec/cli.md 6.22)."""

import json
import os
from typing import Any

from limavm.cli import logs
from limavm.cli.app import Command
from limavm.cli.flags import Flag
from limavm.cli.session import Session
from limavm.errors import UserError


def _generate(_session: Session, files: list[str], *, schemafile: str | None) -> None:
    from limavm.host import textfile

    text = json.dumps(published(), indent=4, ensure_ascii=False) + "\n"
    if files and not schemafile:
        raise UserError("to check files, the schema has to be written, too", hint="say where with --schemafile")
    if schemafile:
        textfile.write(schemafile, text.encode(), "the schema")
    else:
        print(text, end="")
    for file in files:
        check(file)
        logs.info(f"{file}: OK")


def published() -> dict[str, Any]:
    """The schema with the descriptions of the built-in default template."""
    from limavm.config.keydocs import descriptions
    from limavm.config.schema import schema
    from limavm.config.templatestore import BUILT_IN
    from limavm.config.yamltext import parsed

    path = os.path.join(BUILT_IN, "default.yaml")
    with open(path, "rb") as file:
        return schema(descriptions(parsed(file.read(), path)))


def check(path: str) -> None:
    """Raises UserError with every place where the file does not follow the schema."""
    try:
        from jsonschema import Draft202012Validator
    except ImportError as error:
        hint = "install it: `pip install 'limavm[schema]'`; `limactl validate` checks more, and needs nothing"
        raise UserError("checking files against a schema needs the Python package jsonschema", hint=hint) from error
    from limavm.config.yamltext import MAX_BYTES, parsed
    from limavm.host import textfile
    from limavm.roundtrip.build import to_value

    document = parsed(textfile.read(path, MAX_BYTES), path, comments=False)
    value = to_value(document.root) if document.root is not None else {}
    found = sorted(Draft202012Validator(published()).iter_errors(value), key=lambda flaw: str(flaw.json_path))
    if found:
        lines = [f"{path}: {flaw.json_path.removeprefix('$.')}: {flaw.message[:200]}" for flaw in found]
        raise UserError("\n".join(lines))


COMMAND = Command(
    "generate-jsonschema",
    _generate,
    usage="[FILE.yaml...]",
    flags=[Flag(["--schemafile"], metavar="string", help="Write the schema to this file")],
    help="""Print the JSON schema of a configuration.

With files: write the schema to --schemafile and check the files against it.""",
    examples="""limactl generate-jsonschema >lima.schema.json
limactl generate-jsonschema --schemafile lima.schema.json ./dev.yaml""",
)
