"""One step of a plan: an action and exactly what it acts on."""

from __future__ import annotations

from dataclasses import dataclass

from dusk.fs.identity import Identity
from dusk.fs.survey import LinkedInode, Survey
from dusk.rules.finding import NO_OPTIONS, Action, ActionOptions
from dusk.rules.safety import Safety


@dataclass(frozen=True, slots=True)
class Forecast:
    """What acting on a target comes to, where its sizes alone do not say it."""

    frees_now: int = 0
    """Bytes free right after acting."""
    frees_after_purge: int = 0
    """Bytes free once the trash is emptied too, what was made in its place taken off."""
    needs: int = 0
    """Bytes that are used more until the trash is emptied."""
    is_estimate: bool = False
    """Whether the figures come from samples: they are said with "about"."""
    is_at_most: bool = False
    """Whether less may be freed, for the reason that the sentence gives: they are said with "up to"."""
    sentence: str = ""
    """What the preview found, for a person; empty when the figures say it all."""


@dataclass(frozen=True, slots=True)
class Target:
    """A path to act on, as it was when it was chosen."""

    path: bytes
    """Absolute, its directory resolved."""
    identity: Identity
    """Which inode it was; acting on another one is refused."""
    apparent_size: int
    """Apparent bytes as the scan saw them."""
    disk_size: int
    """Disk bytes as the scan saw them."""
    entries: int
    """Entries at and below it as the scan saw them."""
    safety: Safety
    """What judging said of it; review when no rule knows it."""
    title: str
    """What it is, in a few words; empty when no rule knows it."""
    rule: str = ""
    """The rule that knows it."""
    keeps: tuple[bytes, ...] = ()
    """Paths at or below it that a rule wants kept."""
    survey: Survey | None = None
    """What the review found on disk; None until it was reviewed. The executor refuses a target without."""
    linked: tuple[LinkedInode, ...] = ()
    """Inodes with several names at or below it as the scan saw them; the survey's replace them."""
    forecast: Forecast | None = None
    """What the action's own preview found at the review; None where the sizes say what is freed."""


@dataclass(frozen=True, slots=True)
class Step:
    """An action with its targets."""

    id: str
    """Stable within the plan."""
    action: Action
    """What is done."""
    targets: tuple[Target, ...]
    """What it is done to."""
    destination: bytes = b""
    """Directory of the archive; empty for other actions."""
    destination_device: int = 0
    """``st_dev`` of the archive's filesystem; on the source's own one an archive frees nothing."""
    insisted: bool = False
    """Whether a person said yes to acting on what should be kept."""
    options: ActionOptions = NO_OPTIONS
    """How it is done, where there is a choice."""
