"""What to do next in a lane, whatever happened before: a machine of states that hypothesis drives."""

import math

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from limavm.hostagent.forwarding.lanes import LINGER, Entry, Lane, State, Step, conflict, identity_of, lane_of
from limavm.model.forward import Forward, Route


def forward(host: str = "127.0.0.1:80", guest: str = "127.0.0.1:80", route: Route = Route.SSH) -> Forward:
    return Forward(protocol="tcp", guest=guest, host=host, route=route)


CHOICE = [
    forward(),
    forward(route=Route.HOSTFWD, guest="0.0.0.0:80"),
    forward(host="0.0.0.0:80"),
    forward(host="127.0.0.2:80"),
    forward(host="[::1]:80", route=Route.GRPC),
]


def test_the_hypervisor_knows_the_port_of_the_guest_only() -> None:
    four, six = (forward(guest=guest, route=Route.HOSTFWD) for guest in ("0.0.0.0:80", "[::]:80"))

    assert identity_of(four) == identity_of(six)
    assert identity_of(forward(guest="0.0.0.0:80")) != identity_of(forward(guest="[::]:80"))


def test_the_lane_is_what_is_listened_on() -> None:
    assert lane_of(forward(host="[::1]:80")) == lane_of(forward(host="0.0.0.0:80")) == ("tcp", 80)
    assert lane_of(forward(host="/a.sock")) == ("host", "/a.sock")
    socket = Forward(protocol="unix", guest="/g.sock", host="/a.sock", route=Route.SSH, reverse=True)
    assert lane_of(socket) == ("guest", "/g.sock")


def test_all_addresses_are_in_the_way_of_each() -> None:
    assert conflict(forward(host="0.0.0.0:80"), forward(host="127.0.0.1:80"))
    assert not conflict(forward(host="127.0.0.2:80"), forward(host="127.0.0.1:80"))


class Lanes(RuleBasedStateMachine):
    """The guest opens and closes, operations succeed and fail, ways come and go, time passes."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 100.0
        self.lane = Lane(("tcp", 80))
        self.really_open: set[Forward] = set()
        self.ready = dict.fromkeys(Route, True)
        self.step: Step | None = None

    @rule(wanted=st.sets(st.sampled_from(CHOICE)))
    def want(self, wanted: set[Forward]) -> None:
        kept: dict[Forward, Forward] = {}
        for one in wanted:  # the rules never want two that are in each other's way
            if not any(conflict(one, other) for other in kept.values()):
                kept[identity_of(one)] = one
        self.lane.want(kept, self.now)
        if self.step is None:
            self.lane.prune()

    @rule(seconds=st.floats(0.0, 2.0))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(route=st.sampled_from(Route))
    def lose_or_restore(self, route: Route) -> None:
        self.ready[route] = not self.ready[route]

    @precondition(lambda self: self.step is None)
    @rule()
    def begin(self) -> None:
        self.step = self.lane.next_step(self.now, self.ready.__getitem__)
        if self.step:
            assert self.ready[self.step.forward.route]
            identity = identity_of(self.step.forward)
            if self.step.opens:
                assert identity in self.lane.wanted
                assert not any(conflict(one, self.step.forward) for one in self.really_open - {identity})
            else:
                assert identity not in self.lane.wanted
            self.lane.entries.setdefault(identity, Entry(self.step.forward, State.UNCERTAIN)).state = State.UNCERTAIN

    @precondition(lambda self: self.step is not None)
    @rule(succeeds=st.booleans())
    def end(self, succeeds: bool) -> None:
        assert self.step
        identity = identity_of(self.step.forward)
        entry = self.lane.entries[identity]
        if not succeeds:
            entry.retry = self.now + 1
            if self.step.opens:
                entry.state = State.FAILED
                self.really_open.discard(identity)
        elif self.step.opens:
            entry.state = State.OPEN
            self.really_open.add(identity)
        else:
            del self.lane.entries[identity]
            self.really_open.discard(identity)
        self.step = None

    @invariant()
    def what_may_be_open_is_known(self) -> None:
        known = {identity for identity, entry in self.lane.entries.items() if entry.state is not State.FAILED}
        assert self.really_open <= known

    @invariant()
    def there_is_a_time_to_look_again(self) -> None:
        assert self.lane.next_time(self.now) > self.now

    def teardown(self) -> None:
        """Left alone, what is open becomes what is wanted."""
        self.ready = dict.fromkeys(Route, True)
        for _ in range(50):
            if self.step:
                self.end(succeeds=True)
            self.begin()
            if self.step is None:
                when = self.lane.next_time(self.now)
                if when == math.inf:
                    break
                assert when <= self.now + max(1.0, LINGER) + 0.01
                self.now = when
        self.lane.prune()
        assert self.really_open == set(self.lane.wanted) == set(self.lane.entries)


TestLanes = Lanes.TestCase
TestLanes.settings = settings(max_examples=200, stateful_step_count=30, deadline=None)
