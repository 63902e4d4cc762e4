"""The program of the archive: `DIGEST FORMAT PATH EXPRESSION-FILE` edits a file, as `main` says.

It unpacks the archive below /var/lib/lima/yq, once for each DIGEST, because Python keeps what it has compiled only
where the sources are files, and compiling takes seconds in an emulated guest. LIMA_YQ_HOME is another directory.
"""

import os
import shutil
import sys
from zipimport import zipimporter

_HOME = "/var/lib/lima/yq"


def unpacked(archive: str, base: str, digest: str) -> str:
    """The directory with the files of the archive; what is of others below `base` is removed."""
    directory = os.path.join(base, digest)
    if os.path.isdir(directory):
        return directory
    shutil.rmtree(base, ignore_errors=True)
    os.umask(0o022)
    partial = f"{directory}.new"
    read = zipimporter(archive).get_data
    for name in read("CONTENTS").decode().splitlines():
        path = os.path.join(partial, *name.split("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(read(name))
    os.rename(partial, directory)
    return directory


if __name__ == "__main__":
    sys.path[0] = unpacked(sys.argv[0], os.environ.get("LIMA_YQ_HOME", _HOME), sys.argv[1])
    from limavm.guestyq.older import complete

    complete()
    from limavm.guestyq.main import main

    raise SystemExit(main(sys.argv[2:]))
