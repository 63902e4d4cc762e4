import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from limavm.errors import UserError
from limavm.mcp.tools import BY_NAME, TOOLS, Glob, Tool, arguments, described


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_schemas_are_objects_that_any_client_can_read(tool: Tool) -> None:
    for key in ("inputSchema", "outputSchema"):
        schema = described(tool)[key]

        Draft202012Validator.check_schema(schema)
        assert schema["type"] == "object"
        json.dumps(schema)


@pytest.mark.parametrize(
    ("name", "required"),
    [
        ("list_directory", ["path"]),
        ("read_file", ["path"]),
        ("write_file", ["path", "content"]),
        ("glob", ["pattern"]),
        ("search_file_content", ["pattern"]),
        ("run_shell_command", ["command", "directory"]),
    ],
)
def test_what_a_tool_requires_is_what_lima_requires(name: str, required: list[str]) -> None:
    assert sorted(described(BY_NAME[name])["inputSchema"]["required"]) == sorted(required)


def test_arguments_become_values() -> None:
    assert arguments(BY_NAME["glob"], {"pattern": "*", "path": None}) == Glob(pattern="*")


@pytest.mark.parametrize("given", [None, {}, {"pattern": 1}, {"pattern": "*", "more": 1}, {"pattern": None}])
def test_wrong_arguments_are_told(given: dict[str, Any] | None) -> None:
    with pytest.raises(UserError, match="the arguments of glob are wrong"):
        arguments(BY_NAME["glob"], given)
