"""One cached repository of the Hugging Face hub, read from its directory.

Source: huggingface_hub 2.4.0, ``utils/_cache_manager.py`` and ``utils/_shared_blobs.py``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from dusk.fs.identity import EntryKind
from dusk.rules.facts import Facts
from dusk.rules.probe import CannotTellError

REPOSITORY = re.compile(rb"(models|datasets|spaces|kernels)--(.+)\Z", re.DOTALL)
_TYPES = {b"models": "model", b"datasets": "dataset", b"spaces": "space", b"kernels": "kernel"}
_REVISION = re.compile(rb"[0-9a-f]{40}\Z")
_REF_SIZE = 4096
_KNOWN = frozenset({b"blobs", b"refs", b"snapshots", b".no_exist", b"trees"})
# fastembed's list of sizes, what Python and desktops leave everywhere.
_EXTRAS = frozenset(
    {b"files_metadata.json", b".gitignore", b"CACHEDIR.TAG", b".DS_Store", b"Thumbs.db", b"__pycache__"}
)
_BLOB = re.compile(rb"[0-9a-f]{40}([0-9a-f]{24})?(\..*)?\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Revision:
    """One snapshot of a repository."""

    index: int
    """Its directory."""
    commit: str
    """Its name: the commit hash."""
    blobs: frozenset[int]
    """Entries of ``blobs/`` that its links lead to."""
    is_linked: bool
    """Whether it consists of links; where the filesystem has none it holds the files themselves."""


@dataclass(slots=True)
class Repository:
    """A cached repository."""

    index: int
    """Its directory."""
    type: str
    """``model``, ``dataset``, ``space`` or ``kernel``."""
    id: str
    """Its name on the Hub, such as ``BAAI/bge-small-en-v1.5``."""
    blobs: dict[bytes, int] = field(default_factory=dict)
    """Entries of ``blobs/`` by name."""
    revisions: list[Revision] = field(default_factory=list)
    """Its snapshots."""
    refs: dict[str, str] = field(default_factory=dict)
    """Branches and tags with the commit that each names."""
    unclear: str = ""
    """Why its revisions cannot be told apart; then only the whole is spoken of."""
    incomplete: list[int] = field(default_factory=list)
    """Files that an aborted download left."""
    foreign: list[int] = field(default_factory=list)
    """What no download puts there: files among the links of a snapshot, things beside ``blobs``."""

    @property
    def detached(self) -> list[Revision]:
        """Snapshots that no branch or tag names, where another snapshot has one."""
        named = set(self.refs.values())
        if self.unclear or not any(revision.commit in named for revision in self.revisions):
            return []
        return [revision for revision in self.revisions if revision.commit not in named]

    def unique_blobs(self, leaving: list[Revision]) -> dict[int, tuple[int, ...]]:
        """Return the blobs that only leaving revisions need, each with those revisions' directories."""
        gone = {revision.index for revision in leaving}
        users: dict[int, list[int]] = {}
        for revision in self.revisions:
            for blob in revision.blobs:
                users.setdefault(blob, []).append(revision.index)
        return {blob: tuple(owners) for blob, owners in users.items() if gone.issuperset(owners)}


def read_repository(index: int, facts: Facts) -> Repository | None:
    """Return the repository that a directory is, None when its structure is another one."""
    match = REPOSITORY.match(facts.tree.name(index))
    snapshots = facts.child(index, b"snapshots")
    if match is None or not facts.is_directory(index):
        return None
    if snapshots is None or not facts.is_directory(snapshots):
        return _begun(index, match, facts)
    name = match[2].decode("utf-8", "replace").replace("--", "/")
    repository = Repository(index, _TYPES[match[1]], name)
    blobs = facts.child(index, b"blobs")
    try:
        if blobs is not None:
            repository.blobs = facts.children(blobs)
        commits = facts.directories(snapshots)
        if not commits:
            return _begun(index, match, facts)
        if not any(_REVISION.match(commit) for commit in commits):
            return None
        repository.incomplete = _incomplete(repository.blobs, facts)
        repository.refs = _read_refs(index, facts)
        repository.foreign = [
            entry for one, entry in facts.children(index).items() if one not in _KNOWN | _EXTRAS
        ]
        for commit, directory in commits.items():
            repository.revisions.append(_read_revision(commit, directory, repository, facts))
    except CannotTellError as error:
        repository.unclear = str(error)
    return repository


def _begun(index: int, match: re.Match[bytes], facts: Facts) -> Repository | None:
    """Return a repository whose first download did not get as far as a snapshot."""
    try:
        children = facts.children(index)
        if (
            not children
            or not children.keys() <= _KNOWN
            or not all(map(facts.is_directory, children.values()))
        ):
            return None
        blobs = facts.children(children[b"blobs"]) if b"blobs" in children else {}
        if not all(_BLOB.match(blob) for blob in blobs):
            return None
        marks = [name for place in (b".no_exist", b"trees") if place in children for name in
                 facts.children(children[place])]  # fmt: skip
        refs = _read_refs(index, facts)
    except CannotTellError:
        return None
    if not blobs and not refs and not any(_REVISION.match(mark.removesuffix(b".json")) for mark in marks):
        return None
    name = match[2].decode("utf-8", "replace").replace("--", "/")
    return Repository(
        index, _TYPES[match[1]], name, blobs=blobs, refs=refs, incomplete=_incomplete(blobs, facts)
    )


def _incomplete(blobs: dict[bytes, int], facts: Facts) -> list[int]:
    return [entry for blob, entry in blobs.items() if blob.endswith(b".incomplete") and facts.is_file(entry)]


def _read_refs(index: int, facts: Facts) -> dict[str, str]:
    """Return what every file below ``refs/`` names; raises CannotTellError when one cannot be read."""
    refs = facts.child(index, b"refs")
    if refs is None:
        return {}
    files = facts.files_below(refs, 500)
    heads = facts.heads(files, _REF_SIZE)
    found = {}
    for file, head in zip(files, heads, strict=True):
        if head is None:
            raise CannotTellError("a file in refs cannot be read")
        found[facts.relative(file, refs).decode("utf-8", "replace")] = head.decode("ascii", "replace").strip()
    return found


def _read_revision(commit: bytes, directory: int, repository: Repository, facts: Facts) -> Revision:
    """Follow a snapshot's links to blobs; raises CannotTellError when one leads anywhere else."""
    files = facts.files_below(directory)
    links = [file for file in files if facts.tree.kind(file) is EntryKind.SYMLINK]
    blobs = set()
    for link, target in zip(links, facts.links(links), strict=True):
        depth = facts.relative(link, directory).count(b"/")
        beginning = b"../" * (depth + 2) + b"blobs/"
        blob = repository.blobs.get(target[len(beginning) :]) if target.startswith(beginning) else None
        if blob is None:
            raise CannotTellError("a link of a snapshot leads somewhere else than to its blobs")
        blobs.add(blob)
    if links:
        repository.foreign += [
            file
            for file in files
            if facts.tree.kind(file) is not EntryKind.SYMLINK
            and facts.tree.name(file) not in _EXTRAS
            and facts.tree.name(facts.tree.parent(file)) != b"__pycache__"
        ]
    return Revision(directory, commit.decode("ascii", "replace"), frozenset(blobs), len(links) == len(files))
