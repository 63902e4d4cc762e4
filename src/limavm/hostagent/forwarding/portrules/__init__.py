"""Which ports of the guest appear where on the host, and by which route (spec/runtime.md 8).

Everything here is a function of data: the rules of the configuration, what listens in the guest, and
what the agent is able to do. `decide` is Lima's algorithm for one listener; `outcomes` is the whole
picture, in which no two forwards want the same place on the host.
"""

from limavm.hostagent.forwarding.portrules.matching import Decision, Silence, decide, effective_rules, silenced
from limavm.hostagent.forwarding.portrules.outcomes import Policy, outcomes, socket_forwards, static_forwards
from limavm.hostagent.forwarding.portrules.routes import Abilities, Preference, preference, route
from limavm.hostagent.forwarding.portrules.standing import Outcome, standing_outcomes

__all__ = [
    "Abilities",
    "Decision",
    "Outcome",
    "Policy",
    "Preference",
    "Silence",
    "decide",
    "effective_rules",
    "outcomes",
    "preference",
    "route",
    "silenced",
    "socket_forwards",
    "standing_outcomes",
    "static_forwards",
]
