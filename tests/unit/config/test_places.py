import pytest

from limavm.config.decode import decode
from limavm.config.errors import Path
from limavm.config.flaw import Flaw
from limavm.config.places import Places

OVERRIDE = b"probes:\n- script: o\nmounts:\n- location: /o\nmessage: x\ncpus: null\n"
TEMPLATE = b"cpus: 1\nmessage: y\n\nprobes:\n- script: y\n- hint: z\nmounts:\n- location: /y\n"
DEFAULT = b"cpus: 2\ndisk: 1\nprobes:\n- script: d\nmounts:\n- location: /d\n"


def place(path: Path, origins: dict[str, tuple[int, ...]] | None = None) -> tuple[str, int, str]:
    documents = [decode(text, name) for text, name in ((OVERRIDE, "o"), (TEMPLATE, "y"), (DEFAULT, "d"))]
    problem = Places(documents, origins or {}).problem(Flaw(path=path, message=""))
    return problem.source, problem.line, problem.key


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("cpus",), ("y", 1, "cpus")),
        (("disk",), ("d", 2, "disk")),
        (("message",), ("y", 2, "message")),
        (("memory",), ("y", 0, "memory")),
        (("probes", 0, "script"), ("o", 2, "probes[0].script")),
        (("probes", 1, "script"), ("y", 5, "probes[0].script")),
        (("probes", 2, "script"), ("y", 6, "probes[1].script")),
        (("probes", 3), ("d", 4, "probes[0]")),
        (("mounts", 0, "location"), ("d", 6, "mounts[0].location")),
        (("mounts", 2, "location"), ("o", 4, "mounts[0].location")),
        (("probes", 9), ("y", 4, "probes[9]")),
    ],
)
def test_a_value_is_found_in_the_document_that_it_came_from(path: Path, expected: tuple[str, int, str]) -> None:
    assert place(path) == expected


def test_a_combined_entry_is_found_by_its_origin() -> None:
    assert place(("mounts", 0), {"mounts": (2,)}) == ("o", 4, "mounts[0]")
