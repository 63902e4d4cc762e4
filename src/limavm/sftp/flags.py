"""The command line of the server: `--root DIR [--read-only] [--follow-symlinks]`.

It is read by hand, as what Python has for it takes longer to load than the server.
"""

USAGE = "usage: python -P -m limavm.sftp --root DIR [--read-only] [--follow-symlinks]"


class UsageError(Exception):
    """The arguments make no sense."""


class Flags:
    """What the arguments say. Raises UsageError."""

    def __init__(self, args: "list[str]") -> None:
        self.read_only = False
        self.follow_symlinks = False
        root = None
        rest = iter(args)
        for arg in rest:
            if arg == "--root":
                root = next(rest, None)
            elif arg.startswith("--root="):
                root = arg.removeprefix("--root=")
            elif arg == "--read-only":
                self.read_only = True
            elif arg == "--follow-symlinks":
                self.follow_symlinks = True
            else:
                raise UsageError(f"unknown argument: {arg}")
        if not root:
            raise UsageError("--root is missing")
        self.root = root
