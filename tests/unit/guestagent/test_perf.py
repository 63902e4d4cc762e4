import os
import sys

import pytest

from limavm.guestagent.perf import tracefs

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="perf events are Linux's")


def test_the_kernel_s_list_of_tracepoints_is_left_as_it_was_found() -> None:
    place = "/sys/kernel/tracing"
    before = os.path.isdir(f"{place}/events")
    try:
        with tracefs() as tracing:
            assert os.path.isdir(f"{tracing}/events")
    except OSError as error:
        pytest.skip(f"the kernel shows us no tracepoints: {error}")

    assert os.path.isdir(f"{place}/events") == before
