"""The store that repositories of one hub cache share: payloads, and the manifests that say who needs them.

Source: huggingface_hub 2.4.0, ``utils/_shared_blobs.py``: the store exists since 1.32.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from dusk.fs.identity import EntryKind
from dusk.rules.facts import Facts
from dusk.rules.probe import CannotTellError

MARKER = b".huggingface-shared-blobs"
_HASH = re.compile(rb"[0-9a-f]{64}\Z")
_LINK = re.compile(rb"\.\./\.\./blobs/([0-9a-f]{2})/([0-9a-f]{64})\Z")
_MANIFEST = 1024 * 1024


@dataclass(slots=True)
class Payload:
    """One file of the store."""

    index: int
    """The payload."""
    manifest: int | None
    """Its ``.refs``, None when it is missing: then the tool itself never sweeps it."""
    lock: int | None
    """Its ``.lock``."""
    users: set[int] = field(default_factory=set)
    """Repositories that link to it now."""
    is_certain: bool = False
    """Whether all who may need it are known."""


@dataclass(slots=True)
class Store:
    """The shared store of one hub cache."""

    index: int
    """Its directory, ``blobs``."""
    payloads: dict[bytes, Payload] = field(default_factory=dict)
    """Payloads by hash."""
    links: dict[int, int] = field(default_factory=dict)
    """Links in repositories' ``blobs/``, each with the payload that it leads to."""

    def used_by(self, repository: int) -> list[Payload]:
        """Return the payloads that a repository links to."""
        return [payload for payload in self.payloads.values() if repository in payload.users]

    def orphans(self) -> list[Payload]:
        """Return payloads that have a manifest and that nothing needs any more."""
        return [
            payload
            for payload in self.payloads.values()
            if payload.manifest is not None and payload.is_certain and not payload.users
        ]


def read_store(hub: int, facts: Facts) -> Store | None:
    """Return the store of a hub cache, None when it has none; raises CannotTellError."""
    directory = facts.child(hub, b"blobs")
    if directory is None or facts.child(directory, MARKER) is None:
        return None
    store = Store(directory)
    for name, prefix in facts.directories(directory).items():
        if len(name) != 2:
            continue
        files = facts.children(prefix)
        for file, index in files.items():
            if _HASH.match(file) and facts.is_file(index):
                store.payloads[file] = Payload(index, files.get(file + b".refs"), files.get(file + b".lock"))
    _link_repositories(hub, store, facts)
    return store


def _link_repositories(hub: int, store: Store, facts: Facts) -> None:
    """Note who needs what, from the links themselves and from the manifests; both must agree."""
    for name, repository in facts.directories(hub).items():
        blobs = facts.child(repository, b"blobs")
        if b"--" not in name or blobs is None:
            continue
        links = [
            entry for entry in facts.children(blobs).values() if facts.tree.kind(entry) is EntryKind.SYMLINK
        ]
        for link, target in zip(links, facts.links(links), strict=True):
            match = _LINK.match(target)
            if match is not None and match[2] in store.payloads:
                store.payloads[match[2]].users.add(repository)
                store.links[link] = store.payloads[match[2]].index
    listed = [payload for payload in store.payloads.values() if payload.manifest is not None]
    manifests = [payload.manifest for payload in listed if payload.manifest is not None]
    for payload, text in zip(listed, facts.heads(manifests, _MANIFEST), strict=True):
        payload.is_certain = (
            text is not None and len(text) < _MANIFEST and _is_known(hub, payload, text, facts)
        )


def _is_known(hub: int, payload: Payload, manifest: bytes, facts: Facts) -> bool:
    """Return whether every live line of a manifest is one of the links that were seen."""
    for line in manifest.splitlines():
        parts = line.split(b"/")
        entry = facts.child(hub, *parts) if len(parts) == 3 and b".." not in parts else None
        if len(parts) != 3:
            return False
        if entry is None:
            continue  # the repository or its blob is gone: a stale line, as the tool expects
        if facts.tree.kind(entry) is EntryKind.SYMLINK and facts.child(hub, parts[0]) not in payload.users:
            return False
    return True


def check_lock(payload: Payload, facts: Facts) -> bool:
    """Return whether a process is working on a payload right now, or nobody can tell."""
    if payload.lock is None:
        return False
    try:
        return facts.is_locked(payload.lock)
    except CannotTellError:
        return True
