"""Counting inodes with several names once, over all items of one batch."""

from __future__ import annotations

from dusk.fs.survey import Survey


class LinkLedger:
    """Which hard links were met so far."""

    def __init__(self) -> None:
        """Begin with none met."""
        self._found: dict[tuple[int, int], int] = {}

    def sizes_of(self, survey: Survey) -> tuple[int, int]:
        """Take in the next item; return the disk bytes it adds to the batch, and those that its going frees.

        An inode that an earlier item holds too adds nothing; the item that brings its last name frees it.
        """
        disk = survey.disk_size
        frees = survey.disk_size
        for link in survey.linked:
            inode = (link.device, link.inode)
            before = self._found.get(inode, 0)
            now = self._found[inode] = before + link.found
            if before:
                disk -= link.disk_size
            if now < link.links:
                frees -= link.disk_size
        return max(0, disk), max(0, frees)
