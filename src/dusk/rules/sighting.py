"""What a rule saw, before it is weighed against everything else that was seen."""

from __future__ import annotations

from dataclasses import dataclass, field

from dusk.rules.finding import NO_OPTIONS, Action, ActionOptions


@dataclass(frozen=True, slots=True)
class Part:
    """An entry that goes when all subjects that need it go."""

    entry: int
    """Index in the tree."""
    of: tuple[int, ...]
    """Subjects of the sighting that it belongs to."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Something that might be offered."""

    action: Action
    """What would be done."""
    label: str
    """What a menu shows; ``{subjects}`` becomes the count with its noun."""
    parts: tuple[Part, ...]
    """What would be acted on."""
    note: str = ""
    """What is lost with this choice."""
    options: ActionOptions = NO_OPTIONS
    """How it would be done."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A rule recognised something in one directory."""

    rule: str
    """Rule id."""
    subjects: tuple[int, ...]
    """Units that are judged one by one: each may be taken off by a reference or a file to keep."""
    parts: tuple[Part, ...] = ()
    """What the finding is about; the subjects themselves when empty."""
    evidence: tuple[str, ...] = ()
    """Sentences with the numbers found."""
    proposals: tuple[Proposal, ...] = ()
    """Beyond the rule's own actions on the parts; said instead of them when there are any."""
    words: dict[str, str] = field(default_factory=dict)
    """Further words for the rule's texts."""
    tally: dict[str, int] = field(default_factory=dict)
    """Numbers for the rule's texts that add up when sightings are grouped."""
    members: tuple[bytes, ...] = ()
    """Paths kept for reference."""
    withheld: str = ""
    """Why nothing is offered; empty when something is."""
    safety: str = ""
    """Another safety than the rule's."""
    title: str = ""
    """Another title than the rule's."""
    needles: dict[int, tuple[str, ...]] = field(default_factory=dict)
    """Texts that mean a subject when a config or script holds them; its path when not said."""
    shared: int = 0
    """Disk bytes that something outside still needs."""
    reasons: dict[int, str] = field(default_factory=dict)
    """For things to keep: why each subject is."""

    @property
    def all_parts(self) -> tuple[Part, ...]:
        """The parts, or the subjects as parts of themselves."""
        return self.parts or tuple(Part(subject, (subject,)) for subject in self.subjects)
