"""Whatever is asked for, dropped and resized: never too many slots, and the head never starves."""

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from stagework.policies.slots.ledger import SlotLedger
from stagework.policies.slots.request import Moment, SlotRequest
from stagework.policies.slots.turn import Granted
from tests.support.builders import T0, make_order

CLASSES = ("gpu", "macmini", "macbook")
RUNS = tuple("abcdef")
AT = Moment(T0, 0.0)


@dataclass
class _Model:
    """What a reader would believe: requests by run, slots by class."""

    slots: dict[str, int] = field(default_factory=dict[str, int])
    requests: dict[str, list[SlotRequest]] = field(default_factory=dict[str, list[SlotRequest]])


class LedgerMachine(RuleBasedStateMachine):
    """Random requests against a model that only remembers who has what."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = SlotLedger()
        self.model = _Model()
        self.had: dict[tuple[str, str], str] = {}
        self.shrunk: set[str] = set()

    @rule(slots=st.dictionaries(st.sampled_from(CLASSES), st.integers(0, 3)))
    def resize(self, slots: dict[str, int]) -> None:
        self.ledger.set_slots(slots, AT)
        self.model.slots = slots

    @rule(
        run=st.sampled_from(RUNS),
        priority=st.integers(-1, 1),
        wanted=st.lists(
            st.lists(st.sampled_from(CLASSES), min_size=1, max_size=3, unique=True), max_size=3
        ),
    )
    def request(self, run: str, priority: int, wanted: list[list[str]]) -> None:
        requests = [
            SlotRequest(
                f"s{index}", tuple(classes), make_order(run, priority=priority, position=index)
            )
            for index, classes in enumerate(wanted)
        ]
        before = self._turns()
        self.ledger.request(run, requests, AT)
        self.model.requests[run] = requests
        for request in requests:
            machine = before.get((run, request.stage))
            if machine in request.classes:
                assert self._turns()[(run, request.stage)] == machine, "a given slot was taken away"

    @invariant()
    def nobody_gets_a_slot_that_is_not_there(self) -> None:
        now = self._turns()
        for machine in CLASSES:
            holders = {key for key, found in now.items() if found == machine}
            newly = {key for key in holders if self.had.get(key) != machine}
            limit = self.model.slots.get(machine, 0)
            assert not newly or len(holders) <= limit, f"{machine}: {holders} of {limit}"
        self.had = now

    @invariant()
    def the_head_of_a_line_never_waits_while_a_slot_is_free(self) -> None:
        now = self._turns()
        for machine in CLASSES:
            taken = sum(found == machine for found in now.values())
            waiting = [
                request
                for run, requests in self.model.requests.items()
                for request in requests
                if machine in request.classes and (run, request.stage) not in now
            ]
            assert not waiting or taken >= self.model.slots.get(machine, 0)

    def _turns(self) -> dict[tuple[str, str], str]:
        return {
            (run, stage): turn.machine
            for run in RUNS
            for stage, turn in self.ledger.turns(run).items()
            if isinstance(turn, Granted)
        }


LedgerMachine.TestCase.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, derandomize=True
)
TestLedger = LedgerMachine.TestCase
