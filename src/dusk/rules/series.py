"""Siblings that are one thing again and again: which belong together, which stay, and what is said of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dusk.fs.names import display_name
from dusk.fs.units import count_noun
from dusk.rules.facts import Facts
from dusk.rules.retention import Member
from dusk.rules.rule import Rule, Series
from dusk.rules.sighting import Sighting

_NAMED = 6


@dataclass(frozen=True, slots=True)
class Order:
    """A series made ready to be asked of names."""

    series: Series
    """What the rule says."""
    pattern: re.Pattern[bytes]
    """The expression for whole names."""

    @classmethod
    def of(cls, series: Series) -> Order:
        """Read the pattern; raises ValueError with the key first."""
        try:
            pattern = re.compile(series.pattern.encode("utf-8") + rb"\Z", re.DOTALL)
        except re.error as error:
            raise ValueError(f"series.pattern: {error}") from error
        if "stem" not in pattern.groupindex:
            raise ValueError("series.pattern: needs a group (?P<stem>...) that the members share")
        if series.order != "time" and "number" not in pattern.groupindex:
            raise ValueError(f"series.pattern: needs a group (?P<number>...) for the order {series.order!r}")
        return cls(series, pattern)

    def place(self, name: bytes, mtime_ns: int) -> tuple[bytes, float] | None:
        """Return stem and place of a name, None when it is no member of any series."""
        match = self.pattern.match(name)
        if match is None:
            return None
        number = match["number"] if "number" in self.pattern.groupindex else None
        digits = re.sub(rb"\D", b"", number or b"")
        if self.series.order == "time" or not digits:
            return match["stem"], mtime_ns / 1e9
        return match["stem"], float(digits) if self.series.order == "rising" else -float(digits)


def sight_series(rule: Rule, order: Order, subjects: Sequence[int], facts: Facts) -> Iterator[Sighting]:
    """Yield one sighting for each series among siblings from which something may go."""
    tree = facts.tree
    groups: dict[bytes, list[Member]] = {}
    for subject in subjects:
        placed = order.place(tree.name(subject), tree.newest_mtime_ns(subject))
        if placed is not None:
            groups.setdefault(placed[0], []).append(Member(subject, placed[1], facts.age(subject)))
    policy = facts.retention.for_rule(rule.id)
    for stem, members in groups.items():
        kept = policy.apply(members)
        reasons = dict(kept.reasons)
        for entry in kept.going:
            if rule.live and facts.is_live(entry):
                reasons[entry] = f"it changed {facts.shown_age(entry)}"
        going = tuple(entry for entry in kept.going if entry not in reasons)
        if going:
            yield _sighting(rule, stem, going, reasons, facts)


def _sighting(
    rule: Rule, stem: bytes, going: tuple[int, ...], reasons: dict[int, str], facts: Facts
) -> Sighting:
    tree = facts.tree
    names = ", ".join(display_name(tree.name(entry)) for entry in going[:_NAMED])
    more = " and more" if len(going) > _NAMED else ""
    stays = [f"{display_name(tree.name(entry))} stays: {why}." for entry, why in reasons.items()]
    return Sighting(
        rule.id,
        going,
        evidence=(
            f"{len(going):,} of {count_noun(len(going) + len(reasons), *rule.noun)} of {display_name(stem)}: "
            f"{names}{more}.",
            *stays[:_NAMED],
            f"Together {facts.shown_size(*going)}; the newest changed {facts.shown_age(*going)}.",
        ),
        members=tuple(facts.path(entry) for entry in reasons),
        words={"stem": display_name(stem)},
    )
