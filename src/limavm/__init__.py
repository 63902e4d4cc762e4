"""limavm: Linux virtual machines with the files and commands of Lima.

The package is used through the commands `limactl` and `lima`; what a Python program may import is
what this module names.
"""

__all__ = ["COMPATIBLE_WITH", "__version__"]

#: Version of this program.
__version__ = "0.1.0"

#: The release of Lima whose files and commands these are. It is written to `lima-version` and compared
#: with `minimumLimaVersion`, so that an instance means the same to both programs.
COMPATIBLE_WITH = "2.2.0"
