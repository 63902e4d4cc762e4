"""How much of a file is really on the disk."""

import os
import sys
from pathlib import Path


def allocated(path: Path) -> int:
    """Bytes that a file takes up; 0 where the platform does not tell."""
    if sys.platform == "win32":
        return 0
    return os.stat(path).st_blocks * 512
