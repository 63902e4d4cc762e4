"""How long `limactl prune` takes, with and without `--keep-referred`, by the number of instances, images and builds.

`limactl list --quiet` is measured in the same run. The cache is one of the benchmark, of sparse files.
"""

import contextlib
import hashlib
import os
import sys
from functools import partial

from cli import LIMA_YAML, add_instances
from machines import temporary_home
from measure import Report, in_turns, parser, timed

IMAGE = "https://cloud.debian.org/images/cloud/trixie/latest/debian-13-genericcloud-amd64.qcow2"
COUNTS = (10, 100)
MANY = 50
MIB = 1 << 20


def sparse(path: str, size: int) -> None:
    """A file that begins with a page of data, and has nothing else."""
    with open(path, "wb") as file:
        file.write(bytes(range(256)) * 16)
        file.truncate(size)


def fill(cache: str, downloads: int, builds: int) -> None:
    """Make a cache of downloads, one of which the instances refer to, and of local builds."""
    assert IMAGE in LIMA_YAML
    urls = [IMAGE, *(f"https://bench.test/{number}.img" for number in range(downloads - 1))]
    for url in urls:
        entry = os.path.join(cache, "lima", "download", "by-url-sha256", hashlib.sha256(url.encode()).hexdigest())
        os.makedirs(entry, exist_ok=True)
        sparse(os.path.join(entry, "data"), 512 * MIB)
        with open(os.path.join(entry, "url"), "w", encoding="utf-8") as file:
            file.write(url)
    for number in range(builds):
        entry = os.path.join(cache, "lima", "build", hashlib.sha256(b"%d" % number).hexdigest())
        os.makedirs(entry, exist_ok=True)
        for name in ("image", "kernel", "initrd", "kernel.cmdline"):
            sparse(os.path.join(entry, name), 16 * MIB)


def prune(limactl: str, env: dict[str, str], pieces: int, *options: str) -> float:
    """Seconds for one prune of a cache that is filled again before."""
    fill(env["XDG_CACHE_HOME"], pieces, pieces // 5)
    return timed([limactl, "prune", *options], env)


def main() -> None:
    args = parser(__doc__, runs=10).parse_args()
    report = Report("prune")
    base = "limactl list --quiet, 10 instances"
    with contextlib.ExitStack() as stack:
        cases = {"python -c pass": partial(timed, [sys.executable, "-c", "pass"])}
        for count in COUNTS:
            home = stack.enter_context(temporary_home())
            add_instances(home, count)
            env = {**os.environ, "LIMA_HOME": home, "XDG_CACHE_HOME": stack.enter_context(temporary_home())}
            what = f"{count} instances"
            cases[f"limactl list --quiet, {what}"] = partial(timed, [args.limactl, "list", "--quiet"], env)
            for pieces in (5, MANY):
                told = f"{what}, {pieces} images, {pieces // 5} builds"
                cases[f"limactl prune, {told}"] = partial(prune, args.limactl, env, pieces)
                cases[f"limactl prune --keep-referred, {told}"] = partial(
                    prune, args.limactl, env, pieces, "--keep-referred"
                )
        values = in_turns(cases, args.runs)
    for name, seconds in values.items():
        report.add(name, seconds, versus=None if name == base else base)
    report.finish(args.json)


if __name__ == "__main__":
    main()
