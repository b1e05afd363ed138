"""What Gradle keeps for all projects, in ``~/.gradle`` or where GRADLE_USER_HOME says, and for one project.

Source: Gradle 4 to 8, "The Directories and Files Gradle Uses": ``caches`` with ``modules-2`` beside
``jars-<n>`` or ``journal-1``, ``daemon/<version>/registry.bin``, ``wrapper/dists``, ``native``; in a project
``.gradle`` with ``buildOutputCleanup`` or the hashes of one version.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dusk.fs.names import display_name
from dusk.rules.facts import Facts
from dusk.rules.probe import CannotTellError
from dusk.rules.sighting import Sighting
from dusk.scan.tree import ROOT

_VERSION = re.compile(rb"\d+\.\d+(?:\.\d+)?(?:-[\w.-]+)?\Z")
_JARS = re.compile(rb"jars-\d{1,2}\Z")
_HOME = b".gradle"
_USER = (b"caches", b"daemon", b"wrapper", b"native")
# What only a build writes into its project's directory.
_PROJECT = frozenset(
    {
        b"buildOutputCleanup", b"vcs-1", b"vcs", b"checksums", b"configuration-cache", b"file-system.probe",
        b"nb-cache", b"noVersion", b"kotlin", b"dependencies-accessors", b"caches", b"expanded", b"problems",
    }
)  # fmt: skip


def inspect_gradle(directory: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield Gradle's stores in one directory, or the cache that a project's ``.gradle`` is."""
    children = facts.children(directory)
    name = facts.tree.name(directory).rsplit(b"/", 1)[-1]
    if name == _HOME and directory != ROOT and _is_of_project(children, facts):
        shown = ", ".join(display_name(one) for one in sorted(children)[:3])
        yield Sighting("gradle-project-cache", (directory,), evidence=(f"It holds {shown}.",))
        return
    caches = children.get(b"caches")
    is_home = caches is not None and _is_cache(caches, facts)
    for one in hits:
        own = facts.tree.name(one)
        if facts.tree.parent(one) != directory or own not in _USER or not facts.tree.child_count(one):
            continue
        if (
            (own == b"caches" and is_home)
            or (own == b"daemon" and _has_registry(one, facts))
            or (own == b"wrapper" and facts.child(one, b"dists") is not None and (is_home or name == _HOME))
            or (own == b"native" and facts.is_directory(one) and (is_home or name == _HOME))
        ):
            said = f"{display_name(own)} holds {facts.shown_size(one)}, as Gradle lays it out."
            yield Sighting("gradle-cache", (one,), evidence=(said,))


def _is_cache(caches: int, facts: Facts) -> bool:
    """Return whether downloads lie in it, beside what Gradle keeps of all builds; raises CannotTellError."""
    if not facts.is_directory(caches):
        return False
    inside = facts.directories(caches)
    if b"modules-2" not in inside:
        return False
    versions = any(_VERSION.match(name) and facts.tree.child_count(inside[name]) for name in inside)
    journal = facts.child(caches, b"journal-1", b"journal-1.lock")
    jars = any(_JARS.match(name) for name in inside)
    return journal is not None or jars or (versions and _HOME in facts.ground.names_above(caches))


def _has_registry(daemon: int, facts: Facts) -> bool:
    """Return whether each directory is a version's, with its daemons; raises CannotTellError."""
    inside = facts.children(daemon) if facts.is_directory(daemon) else {}
    return bool(inside) and all(
        _VERSION.match(name) and facts.child(one, b"registry.bin") is not None for name, one in inside.items()
    )


def _is_of_project(children: dict[bytes, int], facts: Facts) -> bool:
    if not children or not all(name in _PROJECT or _VERSION.match(name) for name in children):
        return False
    try:
        hashes = any(
            _VERSION.match(name) and facts.child(one, b"fileHashes") is not None
            for name, one in children.items()
        )
    except CannotTellError:
        return False
    return hashes or b"buildOutputCleanup" in children
