"""limavm: Linux virtual machines with the files and commands of Lima.

The package is used through the commands `limactl` and `lima`; what a Python program may import is
what this module names.
"""

__all__ = ["__version__"]

#: Version of this program. `lima-version` files and `limactl --version` show it.
__version__ = "0.1.0"
