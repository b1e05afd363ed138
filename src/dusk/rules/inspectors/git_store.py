"""What git and git-lfs keep in ``.git`` beyond the history: their own commands remove it, dusk does not.

Sources: git 2.39, gitrepository-layout(5), git-gc(1); git-lfs 3.3, docs/spec.md: a pointer is three lines,
and the object named by its sha256 lies in ``.git/lfs/objects/ab/cd/<sha256>``.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator

from dusk.fs.units import count_noun
from dusk.rules.facts import Facts
from dusk.rules.finding import Action, ActionOptions
from dusk.rules.inspectors.git_index import index_content
from dusk.rules.inspectors.moved_place import moved_place
from dusk.rules.probe import CannotTellError
from dusk.rules.sighting import Part, Proposal, Sighting

_GARBAGE = re.compile(rb"\.?tmp_(?:pack|idx|obj|rev|graph|midx)_\w+\Z|tmp_obj_\w+\Z")
_OBJECT = re.compile(rb"[0-9a-f]{64}\Z")
_HASH = re.compile(rb"[0-9a-f]{40}\Z")
_URL = re.compile(rb"^\s*url\s*=\s*(?:file://)?([^\s:][^\n:]*?)\s*$", re.MULTILINE)
_LOOSE = 6700  # gc.auto: from here on git itself packs at the next occasion
_GARBAGE_AGE = 86400.0
# Each command with the one that only says what it would do.
_PRUNE = (("prune", "--expire=1.day.ago"), ("prune", "--expire=1.day.ago", "--dry-run", "--verbose"))
_LFS_PRUNE = (
    ("lfs", "prune", "--verify-remote"),
    ("lfs", "prune", "--verify-remote", "--dry-run", "--verbose"),
)


def inspect_git(_directory: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield what ``git gc`` and ``git lfs prune`` would remove from the repositories in one directory."""
    for hit in hits:
        repository = facts.tree.parent(hit)
        # HEAD lies in .git, and at the top of a bare repository.
        if facts.child(repository, b"objects") is None or facts.child(repository, b"refs") is None:
            continue
        yield from _garbage(repository, facts)
        try:
            yield from _lfs(repository, facts)
        except CannotTellError:
            continue


def _garbage(repository: int, facts: Facts) -> Iterator[Sighting]:
    objects = facts.child(repository, b"objects")
    if objects is None:
        return
    loose, garbage = 0, []
    for name, child in facts.directories(objects).items():
        if len(name) != 2 and name != b"pack":
            continue
        files = facts.children(child)
        garbage += [
            entry for file, entry in files.items() if _GARBAGE.match(file) and facts.age(entry) > _GARBAGE_AGE
        ]
        loose += len(files) if len(name) == 2 else 0
    if garbage:
        yield Sighting(
            "git-garbage",
            tuple(garbage),
            evidence=(
                f"{count_noun(len(garbage), 'temporary file')} of {facts.shown_size(*garbage)} that a fetch "
                "or a "
                f"repack left when it was killed, the newest from {facts.shown_age(*garbage)}.",
            ),
            proposals=_by_git("Let git remove {subjects}", repository, garbage, _PRUNE, facts),
        )
    if loose >= _LOOSE:
        yield Sighting(
            "git-loose-objects",
            (objects,),
            evidence=(
                f"{loose:,} loose objects; git packs by itself from 6,700 on, at the next commit or fetch.",
            ),
            proposals=_by_git("Let git pack {subjects}", repository, [objects], (("gc",), ()), facts),
        )


def _lfs(repository: int, facts: Facts) -> Iterator[Sighting]:
    store = facts.child(repository, b"lfs", b"objects")
    if store is None:
        return
    objects = [entry for entry in facts.files_below(store) if _OBJECT.match(facts.tree.name(entry))]
    index = index_content(repository, facts) if objects else b""
    unused = [entry for entry in objects if _pointer(entry, facts) not in index]
    if not index or not unused or facts.child(repository, b"refs", b"stash") is not None:
        return
    proof = "Every local branch is at a commit that a remote branch is at too, so they were pushed."
    if not _all_is_pushed(repository, facts):
        held = _in_remotes(repository, facts)
        unused = [entry for entry in unused if facts.tree.name(entry) in held]
        proof = "The remote's own store holds the same files; what was not pushed yet is left out."
    if unused:
        yield Sighting(
            "git-lfs-unused",
            tuple(unused),
            evidence=(
                f"{count_noun(len(unused), 'file')} of {facts.shown_size(*unused)} of {len(objects):,} are "
                "not what is "
                "checked out now.",
                proof,
            ),
            proposals=_by_git("Let git-lfs remove {subjects}", repository, unused, _LFS_PRUNE, facts),
        )


def _by_git(
    label: str,
    repository: int,
    entries: list[int],
    commands: tuple[tuple[str, ...], tuple[str, ...]],
    facts: Facts,
) -> tuple[Proposal, ...]:
    """Return the offer to let git do it; none where no words can say where."""
    path = facts.path(repository)
    try:
        where = path.removesuffix(b"/.git").decode()
    except UnicodeDecodeError:
        return ()
    start = ("git", "-C", where)
    options = ActionOptions(
        command=(*start, *commands[0]), preview=(*start, *commands[1]) if commands[1] else ()
    )
    return (Proposal(Action.NATIVE, label, tuple(Part(one, (one,)) for one in entries), options=options),)


def _pointer(entry: int, facts: Facts) -> bytes:
    """Return git's name of the pointer that stands for an object: the index has it where it is in use."""
    name = facts.tree.name(entry).decode()
    text = (
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{name}\nsize "
        f"{facts.tree.apparent_size(entry)}\n"
    ).encode()
    return hashlib.sha1(b"blob %d\0" % len(text) + text, usedforsecurity=False).digest()


def _all_is_pushed(repository: int, facts: Facts) -> bool:
    """Return whether each local branch is where some remote branch is.

    Raises CannotTellError where branches cannot be read.
    """
    local, remote = set(), set()
    packed = facts.child(repository, b"packed-refs")
    for line in (facts.head(packed) if packed is not None else b"").splitlines():
        commit, _, name = line.partition(b" ")
        if name.startswith(b"refs/heads/") and facts.child(repository, *name.split(b"/")) is None:
            local.add(commit)
        elif name.startswith(b"refs/remotes/"):
            remote.add(commit)
    for where, found in ((b"heads", local), (b"remotes", remote)):
        place = facts.child(repository, b"refs", where)
        files = facts.files_below(place) if place is not None else []
        for head in facts.heads(files, 64):
            commit = (head or b"").strip()
            if _HASH.match(commit):
                found.add(commit)
    current = facts.child(repository, b"HEAD")
    detached = facts.head(current, 64).strip() if current is not None else b""
    if _HASH.match(detached):
        local.add(detached)
    return bool(local) and bool(remote) and local <= remote


def _in_remotes(repository: int, facts: Facts) -> set[bytes]:
    """Return the names of the large files that remotes hold which are directories of what was scanned."""
    config = facts.child(repository, b"config")
    held: set[bytes] = set()
    for match in _URL.finditer(facts.head(config)) if config is not None else ():
        here = facts.path(repository).removesuffix(b"/.git")
        remote = moved_place(os.path.normpath(os.path.join(here, match[1])), facts)
        if remote is None or remote == repository:
            continue
        for names in ((b"lfs", b"objects"), (b".git", b"lfs", b"objects")):
            store = facts.child(remote, *names)
            if store is not None:
                held.update(facts.tree.name(entry) for entry in facts.files_below(store))
    return held
