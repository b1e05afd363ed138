"""Where an entry lies: in which project, inside what a package manager owns, below which names."""

from __future__ import annotations

from dusk.fs.identity import EntryKind
from dusk.rules.installed import INSTALLED, is_installed, is_system
from dusk.scan.enclosed import Enclosed
from dusk.scan.tree import ROOT, SizeTree

PROJECT_MARKERS = (
    ".git", ".hg", ".svn", "pyproject.toml", "setup.py", "setup.cfg", "package.json", "Cargo.toml", "go.mod",
    "requirements.txt", "environment.yml", "Makefile", "CMakeLists.txt", "README.md", "README.rst",
)  # fmt: skip
"""Children that show the top of somebody's project."""
# A model's own card is called README.md as well.
_UNIT_MARKERS = (
    b"model.safetensors", b"model.safetensors.index.json", b"pytorch_model.bin", b"adapter_config.json",
    b"trainer_state.json", b"dataset_info.json", b"modules.json", b"model_index.json",
)  # fmt: skip
_WEAK = frozenset({b"README.md", b"README.rst", b"Makefile", b"requirements.txt"})


class Ground:
    """Answers about ancestors, remembered per directory."""

    def __init__(self, tree: SizeTree) -> None:
        """Answer for one tree."""
        self._tree = tree
        self._managed: dict[int, bool] = {}
        self._installed = Enclosed(is_installed, INSTALLED.most_parts, tree.name, tree.parent)
        self._marked: dict[int, bool] = {}
        self._weak: set[int] = set()
        self._environments: set[int] = set()
        self._system_root = is_system(tree.name(ROOT))

    def note_marker(self, directory: int, name: bytes) -> None:
        """Remember that a directory holds a project's marker."""
        if name not in _WEAK:
            self._marked[directory] = True
        elif not self._marked.get(directory):
            self._weak.add(directory)

    def note_environment(self, directory: int) -> None:
        """Remember that an installer filled a directory: an environment, or an interpreter's library."""
        if directory not in self._environments:
            self._environments.add(directory)
            self._managed.clear()

    def is_managed(self, directory: int) -> bool:
        """Return whether an installer put this directory's content there."""
        known = self._managed.get(directory)
        return self._find_managed(directory) if known is None else known

    def is_installed(self, directory: int) -> bool:
        """Return whether names alone say so: of directories above, or of the system's own places."""
        return self._installed.holds(directory)

    def is_system(self, directory: int) -> bool:
        """Return whether the system's own package manager owns the directory."""
        return self._system_root or is_system(self._tree.path(directory))

    def is_anybodys(self, directory: int) -> bool:
        """Return whether neither an installer nor the system put this directory's content there."""
        return not (self.is_managed(directory) or self.is_system(directory))

    def project(self, index: int) -> int:
        """Return the nearest directory at or above that looks like the top of a project, else the root."""
        while index > ROOT and not self._is_marked(index):
            index = self._tree.parent(index)
        return max(index, ROOT)

    def widest_project(self, index: int) -> int:
        """Return the highest such directory: what names a path may stand anywhere in it."""
        found = -1
        while index > ROOT:
            if self._is_marked(index):
                found = index
            index = self._tree.parent(index)
        return ROOT if self._is_marked(ROOT) or found < 0 else found

    def ancestors(self, index: int) -> list[int]:
        """Return the directories above, nearest first, the root included."""
        found = []
        index = self._tree.parent(index)
        while index >= ROOT:
            found.append(index)
            index = self._tree.parent(index)
        return found

    def is_within(self, entry: int, directory: int) -> bool:
        """Return whether an entry is a directory itself or lies anywhere below it."""
        while entry > directory:  # what is in a directory comes after it
            entry = self._tree.parent(entry)
        return entry == directory

    def names_above(self, index: int) -> list[bytes]:
        """Return the names of the directories above, the root's own path split up as well."""
        names = [self._tree.name(ancestor) for ancestor in self.ancestors(index)]
        if index != ROOT:
            names.pop()
        root = self._tree.name(ROOT)
        above = root.split(b"/") if index != ROOT else root.split(b"/")[:-1]
        return names + [name for name in reversed(above) if name]

    def _is_marked(self, directory: int) -> bool:
        known = self._marked.get(directory)
        if known is None and directory in self._weak and self._tree.is_complete(directory):
            # Tools put a README.md into their hidden directories as well.
            hidden = self._tree.name(directory).startswith(b".")
            # A text like README.md counts where there are directories, and where it is no model's card.
            children = self._tree.children(directory) if self._tree.child_count(directory) < 2000 else ()
            known = not hidden and any(self._tree.kind(child) is EntryKind.DIRECTORY for child in children)
            known = known and not any(self._tree.child(directory, unit) is not None for unit in _UNIT_MARKERS)
            self._marked[directory] = known
        return bool(known)

    def _find_managed(self, directory: int) -> bool:
        unknown = []
        while directory >= ROOT and directory not in self._managed:
            unknown.append(directory)
            directory = self._tree.parent(directory)
        managed = self._managed.get(directory, False)
        above = directory >= ROOT and self.is_installed(directory)
        for inner in reversed(unknown):
            installed = self.is_installed(inner)
            is_opening = above and not installed
            managed = installed or inner in self._environments or (managed and not is_opening)
            self._managed[inner], above = managed, installed
        return managed
