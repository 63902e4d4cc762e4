"""`python3 -m limavm.guestagent`."""

import sys

from limavm.guestagent.main import main

raise SystemExit(main(sys.argv[1:]))
