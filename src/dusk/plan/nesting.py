"""Which paths lie in which: a target below another one is acted on and counted only once."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator

from dusk.plan.step import Target


def ancestors(path: bytes) -> Iterator[bytes]:
    """Yield the directories above an absolute path, the nearest first, ``/`` last."""
    end = len(path.rstrip(b"/"))
    while end > 0:
        end = path.rfind(b"/", 0, end)
        if end < 0:
            return
        yield path[:end] or b"/"


def is_within(path: bytes, directory: bytes) -> bool:
    """Return whether a path is a directory or lies below it."""
    return path == directory or path.startswith(directory.rstrip(b"/") + b"/")


def nearest_above(path: bytes, paths: Container[bytes]) -> bytes | None:
    """Return the nearest ancestor that is among the paths, None when none is."""
    return next((ancestor for ancestor in ancestors(path) if ancestor in paths), None)


def outermost(targets: Iterable[Target]) -> tuple[Target, ...]:
    """Return the targets that lie in no other one, each path once."""
    by_path: dict[bytes, Target] = {}
    for target in targets:
        by_path.setdefault(target.path, target)
    return tuple(target for path, target in by_path.items() if nearest_above(path, by_path) is None)
