"""Who leads, by a Lease and our own clock."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import orjson
import pytest

from stagework.api.observed import LeaseSpec, LeaseView, ObjectMeta
from stagework.cluster.client.connection import Target
from stagework.cluster.client.kubeapi import KubeApi
from stagework.cluster.leadership import (
    Acquire,
    Renew,
    SeenLease,
    Wait,
    held_by,
    judge,
    micro_time,
    released,
    see,
)
from stagework.cluster.lease import Lease, NotLeading
from stagework.cluster.steady_clock import SteadyClock
from tests.support.fakeapi.eventually import eventually
from tests.support.fakeapi.faults import writes
from tests.support.fakeapi.resources import LEASES, Json
from tests.support.fakeapi.server import FakeApi

NOON = datetime(2026, 11, 21, 12, 0, 0, 250, tzinfo=UTC)


def lease(holder: str | None, *, version: str = "1", transitions: int = 3) -> LeaseView:
    spec = LeaseSpec(holder, 15, "2001-01-01T00:00:00.000000Z", None, transitions)
    return LeaseView(ObjectMeta("l", "ns", version, "u"), spec)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class TestJudge:
    @pytest.mark.parametrize("there", [None, lease(None), lease("")])
    def test_an_absent_or_released_lease_is_taken(self, there: LeaseView | None) -> None:
        assert judge(SeenLease(there, 0), 0, identity="me") == Acquire()

    def test_our_own_is_renewed_however_old(self) -> None:
        assert judge(SeenLease(lease("me"), 0), 10_000, identity="me") == Renew()

    def test_anothers_is_waited_for_by_our_clock_not_by_its_times(self) -> None:
        seen = SeenLease(lease("other"), 100)
        assert judge(seen, 114.9, identity="me") == Wait("other", 115)
        assert judge(seen, 115, identity="me") == Acquire()

    def test_one_that_has_gone_is_nobodys_for_as_long_as_it_held(self) -> None:
        gone = see(SeenLease(lease("other"), 90), None, 100, existed=True)
        assert judge(gone, 114.9, identity="me") == Wait("", 115)
        assert judge(see(gone, None, 115, existed=True), 115, identity="me") == Acquire()

    def test_any_change_starts_the_clock_again(self) -> None:
        first = see(None, lease("other"), 100)
        assert see(first, lease("other"), 110) is first
        assert see(first, lease("other", version="2"), 110).since == 110

    def test_no_promise_lasts_for_years(self) -> None:
        """Whoever may edit the Lease could keep everybody from leading."""
        written = lease("other")
        spec = msgspec.structs.replace(written.spec, lease_duration_seconds=2**31 - 1)
        seen = SeenLease(LeaseView(written.metadata, spec), 100)
        assert judge(seen, 159.9, identity="me") == Wait("other", 160)
        assert judge(seen, 160, identity="me") == Acquire()


def test_the_count_of_transitions_stays_within_what_can_be_stored() -> None:
    most = 2**31 - 1
    assert held_by(lease("other", transitions=most), "me", NOON).lease_transitions == most


def test_taking_over_counts_a_transition_and_renewing_does_not() -> None:
    taken = held_by(lease("other"), "me", NOON)
    assert (taken.holder_identity, taken.lease_transitions) == ("me", 4)
    assert taken.acquire_time == taken.renew_time == "2026-11-21T12:00:00.000250Z"
    renewed = held_by(lease("me"), "me", NOON)
    assert (renewed.lease_transitions, renewed.acquire_time) == (3, "2001-01-01T00:00:00.000000Z")
    assert held_by(None, "me", NOON).lease_transitions == 0
    assert released(lease("me"), NOON).holder_identity == ""


def test_micro_time_is_utc_with_six_digits() -> None:
    seoul = timezone(timedelta(hours=9))
    assert micro_time(datetime(2026, 1, 2, 9, 0, tzinfo=seoul)) == "2026-01-02T00:00:00.000000Z"


def contender(
    api: KubeApi,
    clock: Callable[[], float],
    identity: str,
    log: list[str],
    time_of_day: SteadyClock | None = None,
) -> Lease:
    return Lease(
        api,
        namespace="ns",
        name="stagework-operator",
        identity=identity,
        on_started=lambda: log.append(f"{identity} leads"),
        on_stopped=lambda: log.append(f"{identity} stops"),
        clock=clock,
        time_of_day=time_of_day,
    )


def stored(fake: FakeApi) -> Json:
    return fake.store.get(LEASES, "ns", "stagework-operator").data["spec"]


async def test_one_leads_and_the_other_takes_over_when_it_falls_silent(
    fake: FakeApi, api: KubeApi
) -> None:
    clock, log = Clock(), list[str]()
    first, second = (contender(api, clock, name, log) for name in "ab")
    await first.step()
    await second.step()
    assert (first.held, second.held, second.holder) == (True, False, "a")
    for _ in range(6):
        clock.now += 2
        await second.step()
    assert not second.held
    clock.now += 3.1
    await second.step()
    assert second.fresh()
    assert stored(fake)["leaseTransitions"] == 1
    await first.step()
    assert not first.held, "it sees by the conflict and a look that another leads"
    await first.step()
    assert log == ["a leads", "b leads", "a stops"]


async def test_renewals_keep_the_other_waiting(fake: FakeApi, api: KubeApi) -> None:
    clock, log = Clock(), list[str]()
    first, second = (contender(api, clock, name, log) for name in "ab")
    for _ in range(30):
        await first.step()
        await second.step()
        clock.now += 2
    assert log == ["a leads"]
    assert stored(fake)["leaseTransitions"] == 0


async def test_leading_ends_when_renewals_fail_for_too_long(fake: FakeApi, api: KubeApi) -> None:
    clock, log = Clock(), list[str]()
    first = contender(api, clock, "a", log)
    await first.step()
    first.guard()
    fake.faults.fail(writes, times=99)
    for _ in range(5):
        clock.now += 2
        await first.step()
    assert first.held
    assert first.fresh()
    clock.now += 0.5
    assert not first.fresh(), "writes stop at once, not at the next step"
    with pytest.raises(NotLeading):
        first.guard()
    await first.step()
    assert not first.held
    fake.faults.clear()
    await first.step()
    assert log == ["a leads", "a stops", "a leads"]


async def test_a_paused_leader_does_not_write_when_it_wakes(api: KubeApi) -> None:
    clock = Clock()
    first = contender(api, clock, "a", [])
    await first.step()
    clock.now += 60
    assert first.held
    assert not first.fresh()


async def test_a_renewal_whose_answer_was_lost_is_found_by_a_read(
    fake: FakeApi, api: KubeApi
) -> None:
    clock, log = Clock(), list[str]()
    first = contender(api, clock, "a", log)
    await first.step()
    fake.faults.lose_answer(writes, times=1)
    clock.now += 2
    await first.step()
    clock.now += 2
    await first.step()
    assert first.fresh(within_seconds=0)
    assert log == ["a leads"]


async def test_a_deleted_lease_is_made_again_once_its_time_is_over(
    fake: FakeApi, api: KubeApi
) -> None:
    """Its holder may still write, and a release that is being removed is to leave nothing."""
    clock, log = Clock(), list[str]()
    first, second = (contender(api, clock, name, log) for name in "ab")
    await first.step()
    await second.step()
    fake.store.delete(LEASES, "ns", "stagework-operator")
    for _ in range(8):
        for leadership in (first, second):
            await leadership.step()
        assert fake.store.list(LEASES) == []
        clock.now += 1.9
    await second.step()
    assert (first.held, second.fresh()) == (False, True)
    assert log == ["a leads", "a stops", "b leads"]


async def test_an_operator_that_is_asked_to_stop_makes_no_lease(
    fake: FakeApi, api: KubeApi
) -> None:
    first = contender(api, Clock(), "a", [])
    task = asyncio.create_task(first.run())
    await asyncio.wait_for(first.acquired.wait(), 5)
    fake.store.delete(LEASES, "ns", "stagework-operator")
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert fake.store.list(LEASES) == []


async def test_what_others_have_put_on_the_lease_stays(fake: FakeApi, api: KubeApi) -> None:
    labels = {"app.kubernetes.io/managed-by": "Helm"}
    annotations = {"meta.helm.sh/release-name": "stagework"}
    fake.store.create(
        LEASES,
        "ns",
        {
            "metadata": {
                "name": "stagework-operator",
                "labels": labels,
                "annotations": annotations,
                "finalizers": ["example.com/kept"],
            },
            "spec": {"strategy": "OldestEmulationVersion"},
        },
    )
    clock = Clock()
    first = contender(api, clock, "a", [])
    task = asyncio.create_task(first.run())
    await asyncio.wait_for(first.acquired.wait(), 5)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    lease = fake.store.get(LEASES, "ns", "stagework-operator")
    assert lease.data["spec"]["holderIdentity"] == "", "taken and released"
    assert lease.data["spec"]["strategy"] == "OldestEmulationVersion"
    assert lease.meta["labels"] == labels
    assert lease.meta["finalizers"] == ["example.com/kept"]
    assert annotations.items() <= lease.meta["annotations"].items()


async def test_labels_that_come_while_it_leads_stay_too(fake: FakeApi, api: KubeApi) -> None:
    clock = Clock()
    first = contender(api, clock, "a", [])
    await first.step()
    fake.store.patch(LEASES, "ns", "stagework-operator", {"metadata": {"labels": {"x": "y"}}})
    for _ in range(3):
        clock.now += 2
        await first.step()
    assert first.fresh()
    assert fake.store.get(LEASES, "ns", "stagework-operator").meta["labels"] == {"x": "y"}


@pytest.mark.parametrize("ahead_hours", [1, -1])
@pytest.mark.parametrize("machine", ["m1", "m2"])
async def test_who_takes_over_goes_on_by_the_clock_of_the_last_leader(
    fake: FakeApi, api: KubeApi, machine: str, ahead_hours: int
) -> None:
    """On the same machine to the millisecond; on another one the API server's time corrects it."""
    began = datetime.now(UTC)
    clock, log = Clock(), list[str]()
    fake.store.wall_clock = lambda: began + timedelta(seconds=clock.now - 1000)
    wall_clock = began
    first = contender(api, clock, "a", log, SteadyClock(lambda: wall_clock, clock, machine="m1"))
    await first.step()
    clock.now += 2
    await first.step()
    wall_clock = began + timedelta(hours=ahead_hours)
    time_of_day = SteadyClock(lambda: wall_clock, clock, machine=machine)
    second = contender(api, clock, "b", log, time_of_day)
    await second.step()
    clock.now += 15.1
    await second.step()
    assert log == ["a leads", "b leads"]
    passed = (time_of_day() - began).total_seconds()
    assert 15 <= passed <= 18


@pytest.mark.parametrize("renewed", ["yesterday", "2001-01-01T00:00:00", "9999-12-31T23:59:59Z"])
async def test_a_renewal_written_by_hand_does_not_set_the_clock(
    fake: FakeApi, api: KubeApi, renewed: str
) -> None:
    spec = {"holderIdentity": "", "renewTime": renewed}
    fake.store.create(LEASES, "ns", {"metadata": {"name": "stagework-operator"}, "spec": spec})
    clock = Clock()
    time_of_day = SteadyClock(lambda: datetime.now(UTC), clock, machine="m1")
    first = contender(api, clock, "a", [], time_of_day)
    await first.step()
    assert first.fresh()
    assert abs(time_of_day() - datetime.now(UTC)) < timedelta(seconds=5)


async def test_two_that_see_an_absent_lease_at_once_do_not_both_lead(fake: FakeApi) -> None:
    log: list[str] = []
    async with KubeApi(Target(fake.url)) as api:
        both = [contender(api, Clock(), name, log) for name in "ab"]
        await asyncio.gather(*(leadership.step() for leadership in both))
    assert sorted(leadership.held for leadership in both) == [False, True]


async def test_stopping_releases_so_that_another_need_not_wait(fake: FakeApi, api: KubeApi) -> None:
    clock, log = Clock(), list[str]()
    first, second = (contender(api, clock, name, log) for name in "ab")
    task = asyncio.create_task(first.run())
    await asyncio.wait_for(first.acquired.wait(), 5)
    await second.step()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert stored(fake)["holderIdentity"] == ""
    await second.step()
    assert log == ["a leads", "a stops", "b leads"]
    body = orjson.loads(await api.get(f"{LEASES.path('ns')}/stagework-operator"))
    assert body["spec"]["leaseDurationSeconds"] == 15


async def test_a_server_that_does_not_answer_does_not_hold_the_loop_up(fake: FakeApi) -> None:
    log: list[str] = []
    async with KubeApi(Target(fake.url), timeout_seconds=1.0) as api:
        first = contender(api, Clock(), "a", log)
        fake.faults.never_answer(writes, times=1)
        await first.step()
        assert not first.held
        await first.step()
        await eventually(lambda: first.held)
