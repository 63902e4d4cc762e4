"""How a machine has ended; how it begins see test_agent."""

from limavm.errors import UserError
from limavm.hostagent.running import end_of
from tests.fakes.machine import FakeMachine


async def test_a_machine_that_could_not_be_started_again_has_ended_with_that_reason() -> None:
    class Hopeless(FakeMachine):
        async def wait(self) -> str | None:
            raise UserError("QEMU ended at once (exit status 1)")

    assert await end_of(Hopeless()) == "QEMU ended at once (exit status 1)"


async def test_a_machine_that_was_powered_off_has_ended_for_no_reason() -> None:
    vm = FakeMachine()
    vm.over.set()

    assert await end_of(vm) is None
