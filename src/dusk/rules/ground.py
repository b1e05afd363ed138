"""Where an entry lies: in which project, inside what a package manager owns, below which names."""

from __future__ import annotations

import re

from dusk.fs.identity import EntryKind
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
INSTALLED = frozenset(
    {
        b"site-packages", b"dist-packages", b"node_modules", b"__pycache__", b".tox", b".nox",
        b"conda-meta", b".rustup", b".vscode-server", b".cursor-server",
        # Names that mean so only in a directory of that other name: in them lies what was downloaded, with
        # the test keys and settings of other people's projects.
        b".cache/uv", b".cache/pip", b".cache/pre-commit", b".cargo/registry", b".cargo/git", b"pkg/mod",
        b".m2/repository", b".gradle/caches", b".gradle/wrapper", b".npm/_cacache", b".npm/_npx",
        b"pnpm/store", b"uv/python", b".pyenv/versions", b".cache/bazel", b".cache/ms-playwright",
        b".cache/rattler", b"share/Trash", b".local/Trash", b".cache/vcpkg", b".julia/packages",
        b".cache/virtualenv", b".cache/pdm", b".cache/hatch", b".cache/pipenv", b".cache/yarn",
        b".cache/pnpm", b".cache/node-gyp", b".cache/electron", b".cache/puppeteer", b".cache/Cypress",
        b".cache/coursier", b".cache/conan", b".cache/go-build", b".cache/zig", b".cache/deno",
        b".cache/golangci-lint",
    }
)  # fmt: skip
"""Directories whose content an installer put there and will put there again, as `Triggers` names them."""
# A module of Go as it lies in the cache: uuid@v1.6.0. Desktops put a trash at the top of other disks.
_INSTALLED_SHAPE = re.compile(rb".+@v\d+\.\d+.*|\.Trash(?:-\d+)?", re.DOTALL)
# What the system's package manager owns; /usr/local and /opt hold what people put there.
_SYSTEM = (b"/bin", b"/boot", b"/etc", b"/lib", b"/lib32", b"/lib64", b"/libx32", b"/sbin", b"/usr", b"/snap",
           b"/var/lib", b"/var/cache", b"/nix", b"/proc", b"/sys", b"/dev", b"/run")  # fmt: skip
_NOT_SYSTEM = (b"/usr/local", b"/var/lib/docker/volumes")


class Ground:
    """Answers about ancestors, remembered per directory."""

    def __init__(self, tree: SizeTree) -> None:
        """Answer for one tree."""
        self._tree = tree
        self._managed: dict[int, bool] = {}
        self._installed: dict[int, bool] = {}
        self._marked: dict[int, bool] = {}
        self._weak: set[int] = set()
        self._environments: set[int] = set()
        self._system_root = _is_system(tree.name(ROOT))

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
        if known is None:
            known = self._find_managed(directory)
            self._managed[directory] = known
        return known

    def is_installed(self, directory: int) -> bool:
        """Return whether names alone say so: of directories above, or of the system's own places."""
        known = self._installed.get(directory)
        if known is None:
            known = self._installed[directory] = self._find_installed(directory)
        return known

    def is_system(self, directory: int) -> bool:
        """Return whether the system's own package manager owns the directory."""
        return self._system_root or _is_system(self._tree.path(directory))

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
        if directory in self._environments or self.is_installed(directory):
            return True
        return directory > ROOT and self.is_managed(self._tree.parent(directory))

    def _find_installed(self, directory: int) -> bool:
        if directory == ROOT:
            names = self._tree.name(ROOT).split(b"/")
            above = zip([b"", *names], names, strict=False)
            return self._system_root or any(_fills(parent, name) for parent, name in above)
        parent = self._tree.name(self._tree.parent(directory)).rsplit(b"/", 1)[-1]
        if _fills(parent, self._tree.name(directory)):
            return True
        # A scan of / or /usr meets the system's directories below its root.
        return self.is_installed(self._tree.parent(directory)) or (
            self._near_top(directory) and _is_system(self._tree.path(directory))
        )

    def _near_top(self, directory: int) -> bool:
        return self._tree.name(ROOT).count(b"/") <= 2 and self._tree.path(directory).count(b"/") <= 3


def _fills(parent: bytes, name: bytes) -> bool:
    """Return whether a directory's name, with that of the one above, says that an installer fills it."""
    named = name in INSTALLED or parent + b"/" + name in INSTALLED
    return named or _INSTALLED_SHAPE.fullmatch(name) is not None


def _is_system(path: bytes) -> bool:
    def inside(tops: tuple[bytes, ...]) -> bool:
        return any(path == top or path.startswith(top + b"/") for top in tops)

    return inside(_SYSTEM) and not inside(_NOT_SYSTEM)
