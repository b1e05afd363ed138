"""What acting really frees, which is seldom what the sizes say.

Renaming into the trash frees nothing. Emptying the trash frees an inode only when every one of its names
went: measured, unlinking one of two hard links frees 0 bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from dusk.fs.identity import EntryKind
from dusk.fs.survey import LinkedInode
from dusk.plan.nesting import outermost
from dusk.plan.step import Step, Target
from dusk.rules.finding import Action


@dataclass(frozen=True, slots=True)
class Freed:
    """Bytes that come free on the filesystem of the targets."""

    now: int
    """Right after acting."""
    after_purge: int
    """Once the trash is emptied."""
    needs: int = 0
    """Used more, until the trash is emptied."""
    is_estimate: bool = False
    """Whether samples were extrapolated for it."""
    is_at_most: bool = False
    """Whether it may be less: blocks that others share, files held open, what a tool decides."""


@dataclass(frozen=True, slots=True)
class LinkTotal:
    """One inode with several names, over all targets together."""

    inode: LinkedInode
    """The inode; ``found`` counts its names in all targets."""
    holders: int
    """In the sizes of how many targets its bytes are."""

    @property
    def is_complete(self) -> bool:
        """Whether all of its names are in the targets."""
        return self.inode.found >= self.inode.links


def freed(targets: Iterable[Target]) -> Freed:
    """Return what trashing the targets together frees.

    Figures of the review are used where there are any.
    """
    top = outermost(targets)
    after_purge = sum(disk_size(target) for target in top)
    for total in link_totals(top):
        after_purge -= total.inode.disk_size * (total.holders - total.is_complete)
    return Freed(now=0, after_purge=max(0, after_purge))


def frees_space(step: Step, target: Target) -> bool:
    """Return whether emptying the trash after a step gives back just what the target has on its disk.

    False also where only a preview can tell, because something is made in place of the target.
    """
    if step.action is Action.ARCHIVE:
        return step.destination_device != target.identity.device
    return step.action is Action.TRASH


def freed_by(pairs: Iterable[tuple[Step, Target]]) -> Freed:
    """Return what steps free together: by the forecast of the review where there is one, else by size."""
    now = after_purge = needs = 0
    is_estimate = is_at_most = False
    plain: list[Target] = []
    for step, target in pairs:
        forecast = target.forecast
        if forecast is not None:
            now += forecast.frees_now
            after_purge += forecast.frees_after_purge
            needs += forecast.needs
            is_estimate = is_estimate or forecast.is_estimate
            is_at_most = is_at_most or forecast.is_at_most
        elif frees_space(step, target):
            plain.append(target)
    sizes = freed(plain)
    return Freed(now + sizes.now, after_purge + sizes.after_purge, needs, is_estimate, is_at_most)


def link_totals(targets: Iterable[Target]) -> tuple[LinkTotal, ...]:
    """Return the inodes with several names, each once, for targets of which none lies in another."""
    totals: dict[tuple[int, int], LinkTotal] = {}
    for target in targets:
        for link in linked_inodes(target):
            before = totals.get((link.device, link.inode))
            inode = link if before is None else replace(link, found=link.found + before.inode.found)
            holders = link.counted + (before.holders if before else 0)
            totals[link.device, link.inode] = LinkTotal(inode, holders)
    return tuple(totals.values())


def linked_inodes(target: Target) -> tuple[LinkedInode, ...]:
    """Return the inodes with several names at or below a target, by the newest facts."""
    if target.survey is not None:
        return target.survey.linked
    identity = target.identity
    if not target.linked and identity.kind is EntryKind.FILE and identity.links > 1:
        return (LinkedInode(identity.device, identity.inode, identity.links, 1, target.disk_size),)
    return target.linked


def disk_size(target: Target) -> int:
    """Return the disk bytes of a target, by the newest facts."""
    return target.disk_size if target.survey is None else target.survey.disk_size


def apparent_size(target: Target) -> int:
    """Return the apparent bytes of a target, by the newest facts."""
    return target.apparent_size if target.survey is None else target.survey.apparent_size


def entry_count(target: Target) -> int:
    """Return the entries at and below a target, by the newest facts."""
    return target.entries if target.survey is None else target.survey.entries
