"""What an installer put somewhere, told from names and paths alone."""

from __future__ import annotations

import pytest

from dusk.rules.ground import Ground


class NamedTree:
    """As much of a size tree as the ground asks for: directories with their parents."""

    def __init__(self, root: bytes) -> None:
        self._names, self._parents = [root], [-1]

    def add(self, path: str) -> int:
        """Add directories below the root; return the last one."""
        index = 0
        for name in path.encode().split(b"/"):
            known = [
                child
                for child, parent in enumerate(self._parents)
                if parent == index and self._names[child] == name
            ]
            if not known:
                self._names.append(name)
                self._parents.append(index)
            index = known[0] if known else len(self._names) - 1
        return index

    def name(self, index: int) -> bytes:
        return self._names[index]

    def parent(self, index: int) -> int:
        return self._parents[index]


@pytest.mark.parametrize(
    ("root", "path", "installed"),
    [
        ("/", "usr/share/doc", True),
        ("/", "usr/local/share/models", False),
        ("/", "usr/local/lib/python3/dist-packages/torch", True),
        ("/", "var/lib/postgresql", True),
        ("/", "var/lib/docker/volumes/data/_data", False),
        ("/", "srv/usr/share", False),
        ("/", "home/ann/.cache/uv/archive", True),
        ("/", "home/ann/cache/uv/archive", False),
        ("/usr", "share/doc", True),
        ("/usr", "local/src", False),
        ("/usr/local", "src", False),
        ("/usr/lib/x", "y", True),
        ("/home/ann/.cache", "uv/archive", True),
        ("/home/ann/node_modules/x", "y", True),
        ("/data", "trash/.Trash-1000/files", True),
        ("/go", "uuid@v1.6.0/sub", True),
    ],
)
def test_where_an_installer_put_things(root: str, path: str, installed: bool) -> None:
    tree = NamedTree(root.encode())
    directory = tree.add(path)
    ground = Ground(tree)  # type: ignore[arg-type]
    assert ground.is_installed(directory) is installed
    assert ground.is_managed(directory) is installed


def test_an_environment_fills_what_is_below_it_and_an_opening_ends_that() -> None:
    tree = NamedTree(b"/")
    inside, beside = tree.add("home/env/share/x"), tree.add("home/other")
    opened = tree.add("usr/local/share")
    ground = Ground(tree)  # type: ignore[arg-type]
    assert not ground.is_managed(inside)
    ground.note_environment(tree.add("home/env"))
    ground.note_environment(tree.add("usr"))
    assert ground.is_managed(inside)
    assert not ground.is_managed(beside)
    assert not ground.is_managed(opened)


def test_a_directory_thousands_of_levels_down_is_asked_first() -> None:
    tree = NamedTree(b"/data")
    deepest = 0
    for _ in range(4000):
        tree._names.append(b"level")
        tree._parents.append(deepest)
        deepest = len(tree._names) - 1
    ground = Ground(tree)  # type: ignore[arg-type]
    assert not ground.is_managed(deepest)
    assert not ground.is_installed(deepest)
