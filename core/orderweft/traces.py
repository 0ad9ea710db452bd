"""Which values of one text another one was made of, found by comparing values; nobody says so.

Of several places that hold the same value, the one in the list entry that shares most with this one is believed first,
then the one that is called most alike. Everything is looked up by value, so that thousands of lines take no time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any, Literal, NamedTuple

from .likeness import Called, Names, Phrases, is_weak, likeness, phrase, sames, speaks_for, text_of
from .wire import DEEPEST

How = Literal["same value", "part of", "plugin"]
"""How a value is known: one is the other, one is within the other, or it stands nowhere else."""

MOST = 3
"""Places named for one value."""
_MANY = 24
"""Places looked at for one value."""
_KEPT = 2**13
_CLOSE = 0.05
"""What likeness of names must differ by to tell two places apart."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Where a value was found, the likeliest place first."""

    how: How = "plugin"
    paths: tuple[str, ...] = ()


class _Leaf(NamedTuple):
    """A single value with its surroundings."""

    path: str
    value: Any
    called: Called
    entries: tuple[str, ...]
    """The list entries it stands in, such as `lines.3`, outermost first."""


def traces(made: Mapping[str, Any], origins: Mapping[str, Any]) -> dict[str, Trace]:
    """Return for each value of *made* which of *origins* hold it, both being single values by dotted path."""
    leaves = _leaves(made)
    index = _Index(_leaves(origins))
    index.note_longer(phrase(leaf.value) for leaf in leaves)
    homes = _homes(leaves, index)
    found = {leaf.path: _trace(leaf, index, homes) for leaf in leaves}
    return {**found, **dict.fromkeys(_by_chance(leaves, found, index), Trace())}


def _leaves(values: Mapping[str, Any]) -> list[_Leaf]:
    names = Names(values)
    return [
        _Leaf(path, value, names.of(path), _entries(path))
        if path.count(".") <= DEEPEST
        else _Leaf(path, value, Called((), frozenset()), ())
        for path, value in values.items()
    ]


def _entries(path: str) -> tuple[str, ...]:
    group, _, step = path.rpartition(".")
    above = _entries_above(group)
    return (*above, path) if step.isdecimal() else above


@lru_cache(maxsize=_KEPT)
def _entries_above(group: str) -> tuple[str, ...]:
    return _entries(group) if group else ()


@lru_cache(maxsize=_KEPT)
def _split(entry: str) -> tuple[str, str]:
    """Return the list an entry stands in, and its place there."""
    above, _, place = entry.rpartition(".")
    return above, place


class _Index:
    """The origins by what they hold."""

    def __init__(self, leaves: Sequence[_Leaf]) -> None:
        self.chains: dict[str, tuple[str, ...]] = {}
        """Each entry with those it stands in, outermost first."""
        self.leaves = leaves
        self.names = {leaf.path: leaf.called for leaf in leaves}
        # by what is held, then by entry; "" for what stands in no list, "*" for all
        self._holding: dict[Hashable, dict[str, list[_Leaf]]] = defaultdict(lambda: defaultdict(list))
        self._phrases: set[str] = set()
        for leaf in leaves:
            for place, entry in enumerate(leaf.entries):
                self.chains.setdefault(entry, leaf.entries[: place + 1])
            for key in sames(leaf.value, is_origin=True):
                self._hold(key, leaf)
            if (text := phrase(leaf.value)) is not None:
                self._phrases.add(text)
                self._hold(("part", text), leaf)
        self.parts = Phrases(self._phrases)

    def _hold(self, key: Hashable, leaf: _Leaf) -> None:
        places = self._holding[key]
        for entry in leaf.entries or ("",):
            places[entry].append(leaf)
        places["*"].append(leaf)

    def note_longer(self, texts: Iterable[str | None]) -> None:
        """Find which origins hold one of *texts* within a longer one."""
        parts = Phrases(text for text in texts if text is not None)
        for leaf in self.leaves:
            for text in parts.within(leaf.value):
                self._hold(("whole", text), leaf)

    def holding(self, key: Hashable, chain: Sequence[str]) -> Iterator[tuple[int, _Leaf]]:
        """Give the origins that hold *key* with how near they are to the entry *chain* ends with; 0 is anywhere."""
        places = self._holding.get(key)
        if places is None:
            return
        near = [(depth, leaf) for depth, entry in enumerate(chain, 1) for leaf in islice(places.get(entry, ()), _MANY)]
        if near or "" in places:
            yield from near
            yield from ((0, leaf) for leaf in islice(places.get("", ()), _MANY))
        if not near:
            lists = {_split(entry)[0] for entry in chain}
            some = islice(places["*"], 10 * _MANY)
            others = (leaf for leaf in some if leaf.entries and _split(leaf.entries[-1])[0] not in lists)
            yield from ((0, leaf) for leaf in islice(others, _MANY))


def _trace(leaf: _Leaf, index: _Index, homes: Mapping[str, str]) -> Trace:
    home = next((homes[entry] for entry in reversed(leaf.entries) if entry in homes), None)
    chain = index.chains[home] if home is not None else ()
    for key in sames(leaf.value, is_origin=False):
        if paths := _best(leaf, index.holding(key, chain)):
            return Trace("same value", paths)
    text = text_of(leaf.value)
    found: list[tuple[bool, int, str]] = []
    for part in dict.fromkeys(index.parts.within(leaf.value)):
        whole = (one for one in index.holding(("part", part), chain) if text_of(one[1].value) in text)
        found.extend((speaks_for(leaf.called, index.names[one]), len(part), one) for one in _best(leaf, whole)[:1])
    parts = [one[-1] for one in sorted(found, key=lambda one: one[:2], reverse=True)]
    if not parts and not leaf.called.is_label:
        longer = (one for one in index.holding(("whole", phrase(leaf.value)), chain) if text in text_of(one[1].value))
        parts.extend(_best(leaf, longer)[:1])
    return Trace("part of", tuple(dict.fromkeys(parts))[:MOST]) if parts else Trace()


def _by_chance(leaves: Sequence[_Leaf], found: Mapping[str, Trace], index: _Index) -> list[str]:
    """Return which values, such as a line's number, are only by chance what another one beside them is by its name."""
    sure, unsure = set(), []
    for leaf in leaves:
        if leaf.entries and found[leaf.path].how == "same value":
            origin = found[leaf.path].paths[0]
            if speaks_for(leaf.called, index.names[origin]):
                sure.add((leaf.entries[-1], origin))
            elif is_weak(leaf.value):
                unsure.append((leaf, origin))
    return [leaf.path for leaf, origin in unsure if (leaf.entries[-1], origin) in sure]


def _best(leaf: _Leaf, found: Iterable[tuple[int, _Leaf]]) -> tuple[str, ...]:
    """Return the likeliest of the places *found*, or those that nothing tells apart."""
    weak = is_weak(leaf.value)
    scored = [
        (near, likeness(leaf.called, origin.called), origin.path)
        for near, origin in found
        if near or not weak or speaks_for(leaf.called, origin.called)
    ]
    if not scored:
        return ()
    nearest, closest, _ = max(scored, key=lambda one: one[:2])
    alike = (path for near, close, path in scored if near == nearest and close > closest - _CLOSE)
    return tuple(islice(dict.fromkeys(alike), MOST))


# which entry of a list belongs to which


def _homes(leaves: Sequence[_Leaf], index: _Index) -> dict[str, str]:
    """Return the entry of the origins that each entry was made of, where that can be told."""
    made, origins = _held(leaves, is_origin=False), _held(index.leaves, is_origin=True)
    holders = _Holders(origins, index.chains)
    lists: dict[str, list[str]] = defaultdict(list)
    for entry in made:
        lists[_split(entry)[0]].append(entry)
    chains = {entry: leaf.entries[: place + 1] for leaf in leaves for place, entry in enumerate(leaf.entries)}
    homes: dict[str, str] = {}
    # what stands in an entry is looked for below the home of that entry
    for entries in sorted(lists.values(), key=lambda one: len(chains[one[0]])):
        found = {}
        for entry in entries:
            above = chains[entry][:-1]
            parent = next((homes[outer] for outer in reversed(above) if outer in homes), None)
            context = set().union(*(made.get(outer, set()) for outer in above))
            if (home := holders.home(made[entry], context, parent, _split(entry)[1])) is not None:
                found[entry] = home
        homes.update(_believed(found, len(entries)))
    return homes


def _believed(found: Mapping[str, tuple[str, int]], many: int) -> Iterator[tuple[str, str]]:
    """Give the homes in the one list most entries lead to; nothing when most lead nowhere, or share too little."""
    lists: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
    for entry, (home, shared) in found.items():
        lists[".".join("*" if step.isdecimal() else step for step in _split(home)[0].split("."))].append(
            (entry, home, shared)
        )
    most = max(lists.values(), key=len, default=[])
    if len(most) * 2 > many and sum(shared for _, _, shared in most) > 1:
        yield from ((entry, home) for entry, home, _ in most)


def _held(leaves: Iterable[_Leaf], *, is_origin: bool) -> dict[str, set[Hashable]]:
    """Return what stands in each entry itself, outside the lists within it."""
    held: dict[str, set[Hashable]] = {}
    for leaf in leaves:
        for entry in leaf.entries:
            if entry not in held:
                held[entry] = set()
        if leaf.entries and (keys := sames(leaf.value, is_origin=is_origin)):
            held[leaf.entries[-1]].add(keys[0])
    return held


class _Holders:
    """The entries of the origins by what they, and the entries around them, hold."""

    def __init__(self, held: Mapping[str, set[Hashable]], chains: Mapping[str, Sequence[str]]) -> None:
        self._held = {entry: set[Hashable]().union(*(held[one] for one in chains[entry])) for entry in held}
        self._order = {entry: number for number, entry in enumerate(held)}
        self._by: dict[Hashable, list[str]] = defaultdict(list)
        self._at: dict[tuple[Hashable, str], list[str]] = defaultdict(list)
        for entry, keys in self._held.items():
            for key in keys:
                self._by[key].append(entry)
                self._at[key, _split(entry)[1]].append(entry)

    def home(
        self, own: set[Hashable], context: set[Hashable], parent: str | None, place: str
    ) -> tuple[str, int] | None:
        """Return the entry that shares most with one that holds *own*, and how many of these values it has."""
        known = [key for key in own | context if key in self._by]
        rarest = sorted(known, key=lambda key: len(self._by[key]))[:2]
        likely = {entry for key in rarest if len(self._by[key]) <= _MANY for entry in self._by[key]}
        likely.update(entry for key in known for entry in self._at.get((key, place), ())[:MOST])
        likely.update({parent} if parent is not None else ())
        sharing = [(entry, shared) for entry in likely if (shared := len(own & self._held[entry]))]
        if not sharing:
            return None

        def worth(one: tuple[str, int]) -> tuple[int, int]:
            entry, _ = one
            # a value few entries hold says more; of equals the parent's home is the likeliest, then the same place
            shared = sum(max(3, 10 // len(self._by[key])) for key in known if key in self._held[entry])
            return shared + 2 * (entry == parent) + (_split(entry)[1] == place), -self._order[entry]

        return max(sharing, key=worth)
