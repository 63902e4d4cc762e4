"""`python3 -P -m limavm.sftp`."""

import sys

if sys.platform == "win32":
    raise SystemExit("limavm.sftp: Windows has no descriptors of directories to confine it with")
else:
    from limavm.sftp.main import main

    raise SystemExit(main(sys.argv[1:]))
