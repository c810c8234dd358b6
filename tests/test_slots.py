"""The slot ring: whatever publishers do, die of, or wait for, nobody writes where it shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    precondition,
    rule,
)

from publisher.release import (
    CLAIM_MAX,
    RING_SIZE,
    Change,
    Intent,
    RedirectSet,
    Slot,
    choose_slot,
    claim,
    go_live,
    out_of_service,
    slot_with,
)

NOW = datetime(2026, 11, 22, 3, 15, tzinfo=UTC)
COOLING_S = 120.0


def change(release: str, now: datetime = NOW) -> Change:
    return Change(
        id="", time=now, action="publish", actor="", reason="", from_release="", to_release=release
    )


def cooling(until: datetime) -> Slot:
    return Slot(state="cooling", since=NOW, until=until)


class Ring(RuleBasedStateMachine):
    """Publishers take turns in any order; each change of the intent is one compare-and-swap."""

    publishers = Bundle("publishers")

    def __init__(self) -> None:
        super().__init__()
        self.intent = Intent()
        self.now = NOW
        self.numbers = count(1)
        self.fillers: dict[str, int] = {}
        self.spoilt: set[str] = set()
        self.until: dict[str, datetime | None] = {}

    @rule(target=publishers)
    def claims(self) -> object:
        name = choose_slot(self.intent, self.now)
        if isinstance(name, datetime):
            assert name > self.now
            assert name in self.until.values() or set(self.until.values()) == {None}
            return multiple()
        assert name != self.intent.slot
        assert name not in self.fillers
        assert name not in self.spoilt
        until = self.until.get(name, self.now)
        assert until
        assert until <= self.now
        self.intent = claim(self.intent, name, self.now)
        self.until.pop(name, None)
        publisher = next(self.numbers)
        self.fillers[name] = publisher
        return name, self.intent.slots[name]

    @rule(publisher=consumes(publishers), release=st.integers(0, 9).map(str))
    def finishes(self, publisher: tuple[str, Slot], release: str) -> None:
        name, claimed = publisher
        del self.fillers[name]
        if self.intent.slots[name] != claimed:  # took too long: given up by another
            self.spoilt.add(name)
            return
        filled = msgspec.structs.replace(claimed, release=release)
        self.moves(name, filled, release)

    @rule(publisher=consumes(publishers))
    def dies(self, publisher: tuple[str, Slot]) -> None:
        del self.fillers[publisher[0]]
        self.spoilt.add(publisher[0])

    @precondition(lambda self: len(self.intent.slots) > 1)
    @rule(release=st.integers(0, 9).map(str))
    def goes_back_to_a_release_that_a_slot_still_has(self, release: str) -> None:
        name = slot_with(self.intent, release, ())
        if name and name != self.intent.slot:
            assert name not in self.fillers
            assert name not in self.spoilt
            self.moves(name, self.intent.slots[name], release)

    @rule()
    def edge_follows(self) -> None:
        until = self.now + timedelta(seconds=COOLING_S)
        cooled = {
            name: msgspec.structs.replace(slot, until=until)
            for name, slot in out_of_service(self.intent).items()
        }
        self.until |= dict.fromkeys(cooled, until)
        self.intent = msgspec.structs.replace(self.intent, slots=self.intent.slots | cooled)

    @rule(seconds=st.sampled_from([1, 30, 119, 120, 121, 3600, 90_000]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    def moves(self, name: str, filled: Slot, release: str) -> None:
        self.edge_follows()  # every publisher begins with that
        if self.intent.slot:
            self.until[self.intent.slot] = None
        generation = self.intent.generation
        made = change(release, self.now)
        self.intent = go_live(self.intent, name, filled, RedirectSet("set", "head"), made)
        self.until.pop(name, None)
        assert self.intent.generation == generation + 1

    @invariant()
    def one_slot_is_live_and_is_the_one_named(self) -> None:
        live = [name for name, slot in self.intent.slots.items() if slot.state == "live"]
        assert live == [name for name in [self.intent.slot] if name]

    @invariant()
    def a_slot_that_cools_says_until_when(self) -> None:
        assert self.until == {
            name: slot.until for name, slot in self.intent.slots.items() if slot.state == "cooling"
        }

    @invariant()
    def what_a_dead_publisher_left_never_shows(self) -> None:
        assert self.intent.slot not in self.spoilt


TestRing = Ring.TestCase
TestRing.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)


def test_the_first_release_goes_to_a_new_slot() -> None:
    assert choose_slot(Intent(), NOW) == "s1"


@pytest.mark.parametrize(
    ("seconds", "free"), [(-1, True), (0, True), (1, False)], ids=["before", "at", "after"]
)
def test_a_slot_is_free_from_the_moment_that_it_has_cooled(seconds: int, free: bool) -> None:
    until = NOW + timedelta(seconds=seconds)
    intent = Intent(slots={"s1": cooling(until)}, slots_made=1)
    assert choose_slot(intent, NOW) == ("s1" if free else "s2")


def test_the_slot_that_cooled_last_is_the_most_like_what_is_live() -> None:
    slots = {f"s{n}": cooling(NOW - timedelta(seconds=n)) for n in (3, 1, 2)}
    assert choose_slot(Intent(slots=slots, slots_made=3), NOW) == "s1"


@pytest.mark.parametrize("slots", [RING_SIZE - 1, RING_SIZE, RING_SIZE + 1])
def test_a_full_ring_waits_for_the_slot_that_cools_first(slots: int) -> None:
    held = {f"s{n}": cooling(NOW + timedelta(seconds=n)) for n in range(2, slots + 1)}
    held["s1"] = Slot(state="live", since=NOW)
    full = NOW + timedelta(seconds=2)
    chosen = choose_slot(Intent(slots=held, slots_made=slots), NOW)
    assert chosen == (f"s{slots + 1}" if slots < RING_SIZE else full)


def test_slots_being_filled_or_abandoned_take_no_place_in_the_ring() -> None:
    held = {f"s{n}": Slot(state="filling", since=NOW) for n in range(1, 5)}
    held |= {f"s{n}": Slot(state="abandoned", since=NOW) for n in range(5, 9)}
    assert choose_slot(Intent(slots=held, slots_made=8), NOW) == "s9"


@pytest.mark.parametrize(("seconds", "state"), [(-1, "filling"), (0, "filling"), (1, "abandoned")])
def test_an_old_claim_is_that_of_a_dead_publisher(seconds: int, state: str) -> None:
    later = NOW + CLAIM_MAX + timedelta(seconds=seconds)
    intent = claim(claim(Intent(), "s1", NOW), "s2", later)
    assert intent.slots["s1"].state == state
    assert (intent.slots["s2"].state, intent.slots_made, intent.generation) == ("filling", 2, 2)


def test_a_name_is_never_given_twice_even_after_its_slot_is_gone() -> None:
    intent = claim(Intent(), "s1", NOW)
    intent = msgspec.structs.replace(intent, slots={})
    assert choose_slot(intent, NOW) == "s2"
    assert choose_slot(claim(intent, "s2", NOW), NOW) == "s3"
