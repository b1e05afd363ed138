"""Names of inodes that have several: which one carries the bytes, and which ones there are."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from dusk.scan.storage import Storage


class HardLinks:
    """Chains of entries that name one inode; only the scanning thread uses it."""

    def __init__(self, storage: Storage) -> None:
        """Chain entries of these columns."""
        self._storage = storage
        self._last: dict[int, int] = {}
        self._earlier: dict[int, int] = {}

    def key(self, index: int) -> int:
        """Return the number that tells one inode from another."""
        return self._storage.devices[index] << 64 | self._storage.inodes[index]

    def add(self, index: int) -> bool:
        """Note a name; return whether it is the first one of its inode."""
        key = self.key(index)
        last = self._last.get(key)
        if last is not None:
            self._earlier[index] = last
        self._last[key] = index
        return last is None

    def names(self, key: int) -> Iterator[int]:
        """Yield the entries that name an inode, the newest first."""
        index = self._last.get(key)
        while index is not None:
            yield index
            index = self._earlier.get(index)

    def keep_only(self, key: int, remaining: list[int]) -> None:
        """Replace the names of an inode, given newest first."""
        for index in list(self.names(key)):
            self._earlier.pop(index, None)
        if not remaining:
            self._last.pop(key, None)
            return
        self._last[key] = remaining[0]
        for newer, older in pairwise(remaining):
            self._earlier[newer] = older
