"""Removing a tree on several threads; compiled from ``native/fs/removal.cpp``, and optional."""

from collections.abc import Callable

def remove_tree(
    holder: int, name: bytes, threads: int, poll: Callable[[int], bool]
) -> tuple[int, int, bool, bytes, int]:
    """Remove an entry of an open directory with all below it.

    Returns the entries removed, the errno of what failed or 0, whether it stopped, the failed name, and the
    disk bytes of what lost its last name.
    ``poll`` is told the number of entries removed, now and then, and stops all by returning False.
    """
