"""Runs a script of a template with stand-ins for the commands that install, below a directory that is its `/`."""

import os
import re
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

#: Real commands that the scripts may use; whatever else they call is a stand-in, or missing.
_TOOLS = ("bash", "sh", "cat", "env", "id", "ln", "mkdir", "mktemp", "rm", "sed", "sort", "tee", "touch")

_STAND_IN = """#!/bin/sh
printf '%s\\n' "${{0##*/}} $*" >>"$CALLS"
{script}
"""


@dataclass
class World:
    """A guest as far as the scripts see it."""

    root: Path

    def __post_init__(self) -> None:
        for name in ("bin", "etc", "run", "tmp", "usr", "var/lib"):
            (self.root / name).mkdir(parents=True)
        for name in _TOOLS:
            found = shutil.which(name)
            assert found, name
            (self.root / "bin" / name).symlink_to(found)

    def has(self, **commands: str) -> None:
        """Put stand-ins into PATH, each with what it does in sh; `_` in a name stands for `-`."""
        for name, script in commands.items():
            path = self.root / "bin" / name.replace("_", "-")
            path.write_text(_STAND_IN.format(script=script))
            path.chmod(stat.S_IRWXU)

    def run(self, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a script whose paths of the system are ours."""
        mine = re.sub(r"(?<![\w./])/(?=(?:etc|run|usr|var)/)", f"{self.root}/", script)
        inherited = {"PATH": str(self.root / "bin"), "HOME": str(self.root), "CALLS": str(self.root / "calls")}
        return subprocess.run(
            ["bash", "-s"],
            input=mine,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**inherited, "TMPDIR": str(self.root / "tmp"), **environment},
        )

    def calls(self, *names: str) -> list[str]:
        """What the stand-ins were called with, or only some of them."""
        path = self.root / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line for line in lines if not names or line.split()[0] in names]

    def there(self, path: str) -> bool:
        return os.path.lexists(self.root / path)
