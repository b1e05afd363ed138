"""Which directories are enclosed: told from the top down, remembered for every directory that was asked."""

from __future__ import annotations

from collections.abc import Callable

from dusk.scan.tree import ROOT

Step = Callable[[bool, bytes], bool]
"""Whether a directory is enclosed, from whether the one above is, and its path: see `Triggers.encloses`."""


class Enclosed:
    """Answers for the directories of one tree, however deep; two threads may ask at once."""

    def __init__(
        self, step: Step, most_parts: int, name: Callable[[int], bytes], parent: Callable[[int], int]
    ) -> None:
        """Look names and parents up by these; of longer paths ``step`` gets the last two parts."""
        self._step = step
        self._most_parts = most_parts
        self._name = name
        self._parent = parent
        self._known: dict[int, bool] = {}
        self._paths: dict[int, bytes] = {}

    def holds(self, directory: int) -> bool:
        """Return whether a directory is enclosed."""
        known = self._known.get(directory)
        return self._find(directory) if known is None else known

    def _find(self, directory: int) -> bool:
        unknown = []
        while directory > ROOT and directory not in self._known:
            unknown.append(directory)
            directory = self._parent(directory)
        if directory == ROOT and ROOT not in self._known:
            root = self._name(ROOT)
            self._paths[ROOT] = root.rstrip(b"/")
            self._known[ROOT] = is_enclosed_path(self._step, root)
        enclosed = self._known[directory]
        for inner in reversed(unknown):
            enclosed = self._known[inner] = self._step(enclosed, self._end_of_path(inner))
        return enclosed

    def _end_of_path(self, directory: int) -> bytes:
        parent, name = self._parent(directory), self._name(directory)
        above = self._paths.get(parent)
        if above is None:
            return self._name(parent) + b"/" + name
        path = above + b"/" + name
        if path.count(b"/") < self._most_parts:
            self._paths[directory] = path
        return path


def is_enclosed_path(step: Step, path: bytes) -> bool:
    """Return whether a directory is enclosed, told from its absolute path alone."""
    enclosed = False
    for end in (*(place for place in range(1, len(path)) if path[place] == ord("/")), len(path)):
        enclosed = step(enclosed, path[:end])
    return enclosed
