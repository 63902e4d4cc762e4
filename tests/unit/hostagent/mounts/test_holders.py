"""Who uses a mount, from the words of `ls` and `grep`."""

from limavm.hostagent.mounts.holders import holders

TEXT = """at /mnt/a b
lrwxrwxrwx 1 root root 0 Nov 23 15:00 /proc/1/cwd -> /
lrwxrwxrwx 1 root root 0 Nov 23 15:00 /proc/20/cwd -> /mnt/a b
lrwxrwxrwx 1 root root 0 Nov 23 15:00 /proc/30/cwd -> /mnt/a bc
lrwxrwxrwx 1 root root 0 Nov 23 15:00 /proc/40/exe -> /mnt/a b/bin/tool (deleted)
/proc/1/fd:
/proc/50/fd:
lr-x------ 1 root root 64 Nov 23 15:00 3 -> /mnt/a b/file -> odd
lr-x------ 1 root root 64 Nov 23 15:00 4 -> /mnt/a bc/file
/proc/60/fd:
lr-x------ 1 root root 64 Nov 23 15:00 4 -> /mnt/a bc/file
/proc/70/maps
/proc/1/comm:init
/proc/20/comm:bash
/proc/40/comm:tool
/proc/50/comm:vi m
"""


def test_directories_programs_open_files_and_mappings_hold_a_mount() -> None:
    assert holders(TEXT) == [(20, "bash"), (40, "tool"), (50, "vi m"), (70, "?")]


def test_nothing_and_garbage_hold_nothing() -> None:
    assert holders("") == []
    assert holders("at /mnt\n -> \n/proc/99999999999999/fd:\n\x00 -> /elsewhere") == []
