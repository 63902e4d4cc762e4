"""A child that ends with whoever has forked it; test_keeper.py has one whose parent dies later."""

import os
import signal
import sys

import pytest

from limavm.guestagent.parent import die_with_parent

if sys.platform != "linux":
    pytest.skip("a guest is Linux", allow_module_level=True)


def test_a_child_whose_parent_has_died_before_it_could_ask_is_killed() -> None:
    child = os.fork()
    if not child:
        die_with_parent(os.getppid() + 1)
        os._exit(0)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
