"""What of a series stays: the newest ones, the best one, and everything that is younger than an age.

A rule says what it would keep; the user's settings have the last word, for one rule, a family or all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from dusk.fs.units import format_age
from dusk.rules.ages import Ages
from dusk.rules.rule import Rule
from dusk.settings import Retention

ALL = "all"
"""The key of the settings that holds for every series."""


@dataclass(frozen=True, slots=True)
class Member:
    """One of a series, such as a checkpoint."""

    entry: int
    """Index in the tree."""
    order: float
    """Its place in the series: a step, a number, a time; the biggest is the newest."""
    age: float
    """Seconds since its newest change."""
    is_best: bool = False
    """Whether its tool calls it the best."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a policy keeps of one series."""

    reasons: Mapping[int, str]
    """Entries that stay, each with its reason, as in "it is the last one"."""
    going: tuple[int, ...]
    """Entries that may go, oldest first."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What stays of a series."""

    newest: int = 1
    """How many of the newest stay; at least one."""
    best: bool = True
    """Whether the best one stays."""
    older_than: float = 0.0
    """Only what is older than so many seconds may go."""

    def apply(self, series: Iterable[Member]) -> Kept:
        """Return what stays of a series, each with its reason, and what may go."""
        members = sorted(series, key=lambda member: member.order)
        reasons: dict[int, str] = {}
        newest = members[-max(self.newest, 1) :]
        for member in members:
            why = []
            if member is members[-1]:
                why.append("it is the last one")
            elif member in newest:
                why.append(f"it is one of the newest {self.newest:,}")
            if self.best and member.is_best:
                why.append("it is the best one")
            if not why and member.age < self.older_than:
                why.append(f"it is younger than {format_age(self.older_than)}")
            if why:
                reasons[member.entry] = ", and ".join(why)
        return Kept(reasons, tuple(member.entry for member in members if member.entry not in reasons))


@dataclass(frozen=True, slots=True)
class Policies:
    """The policies of all rules under the user's settings."""

    _by_rule: Mapping[str, Policy] = field(default_factory=dict)

    @classmethod
    def build(cls, rules: Sequence[Rule], settings: Mapping[str, Retention], ages: Ages) -> Policies:
        """Lay the settings over what each rule says by itself."""
        return cls({rule.id: _policy(rule, settings, ages) for rule in rules})

    def for_rule(self, rule: str) -> Policy:
        """Return what stays of a series of this rule."""
        return self._by_rule.get(rule, Policy())


def unknown_names(rules: Iterable[Rule], settings: Iterable[str]) -> tuple[str, ...]:
    """Return what the settings name that is neither a rule nor a family."""
    known = {ALL}
    for rule in rules:
        known.update((rule.id, rule.family))
    return tuple(name for name in settings if name not in known)


def _policy(rule: Rule, settings: Mapping[str, Retention], ages: Ages) -> Policy:
    layers = [settings[key] for key in (rule.id, rule.family, ALL) if key in settings]
    if rule.retain is not None:
        layers.append(rule.retain)
    newest = next((layer.newest for layer in layers if layer.newest is not None), 1)
    best = next((layer.best for layer in layers if layer.best is not None), True)
    older_than = next((layer.older_than for layer in layers if layer.older_than), "")
    return Policy(max(newest, 1), best, ages.named(older_than) if older_than else 0.0)
