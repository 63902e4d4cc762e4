"""Data that the templates of the tests are rendered with."""

from typing import Any

DATA: dict[str, Any] = {
    "Name": "dev",
    "UID": 501,
    "Home": "/home/jane",
    "Empty": "",
    "Yes": True,
    "Half": 0.5,
    "Nil": None,
    "List": ["a", "b"],
    "None": [],
    "Mixed": [1, "x", None, True, 2.5, [1], {"k": "v"}],
    "Param": {"on": "true", "n": "1"},
    "Config": {"VMOpts": {"vz": {"rosetta": {"enabled": True}}, "null": None}, "CPUs": 4},
    "Accents": "hé€",
}
