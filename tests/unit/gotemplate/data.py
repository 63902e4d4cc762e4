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
    "Param": {"on": "true", "n": "1"},
    "Config": {"VMOpts": {"vz": {"rosetta": {"enabled": True}}}, "CPUs": 4},
}
