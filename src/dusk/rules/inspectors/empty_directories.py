"""Directories without any file below, gathered into one finding."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from dusk.fs.protected import Protection
from dusk.fs.units import format_count
from dusk.rules.facts import Facts
from dusk.rules.probe import CannotTellError
from dusk.rules.sighting import Sighting
from dusk.scan.tree import ROOT

# Programs put files here when they run, and some fail when the directory is missing.
_EXPECTED = frozenset(
    {
        b"inbox", b"outbox", b"uploads", b"upload", b"downloads", b"logs", b"log", b"tmp", b"temp", b"run",
        b"cache", b"control", b"sockets", b"spool", b"processing", b"failed", b"pending", b"completed",
        b"recently_completed", b"done", b"high", b"normal", b"low", b"paused", b"queued", b"lost+found",
        b"blobs", b"refs", b"snapshots", b"mnt", b"media", b"incoming", b"work", b"partial",
    }
)  # fmt: skip
# Sessions and services make these in temporary directories, empty or with what comes and goes in them.
_SESSION = re.compile(
    rb"(tmux|ssh|systemd-private|snap-private|snap|pulse|dbus|gpg|vscode|krb5|nsys|podman|containers-user)[-._].*"
    rb"|.*-run|run|var",
    re.DOTALL,
)
# An empty directory there is a service's setting: journald keeps its log on disk where /var/log/journal is.
_SERVICES, _NOT_SERVICES = b"/var/", b"/var/tmp/"
_DIGITS = re.compile(rb"[0-9a-f]{1,3}\Z")
_FEW = 4
# What a program makes all at once and expects together, empty or not: Toil goes on with a workflow that
# failed only where each of them is (toil 9.6, jobStores/fileJobStore.py).
_LAYOUTS = (frozenset({b"jobs", b"files", b"shared", b"stats"}),)
# People do not call what they will fill _static, _templates (Sphinx) or __meta (TileDB): settings name these.
_PROGRAMS = (b".", b"_")
_LOCK = re.compile(rb".+\.(?:dirlock|pid|sock)\Z|(?:global|purge)?\.?lock\Z|LOCK\Z")
# What people, and the programs that they run in a project, put into a directory. One with other files alone
# is a program's store: PostgreSQL does not start without its empty pg_notify.
_PEOPLES = re.compile(
    rb".*\.(?:py|ipynb|md|rst|txt|tex|org|sh|c|cc|cpp|h|hpp|cu|go|rs|js|ts|jsx|tsx|java|r|jl|sql|html|css|ya?ml|toml|cfg|"
    rb"ini|csv|tsv|jsonl|parquet|arrow|npy|npz|h5|hdf5|pdf|docx?|xlsx?|pptx?|odt|ods|jpe?g|png|gif|tiff?|svg|mp[34]|wav|"
    rb"flac|mkv|avi|mov|safetensors|gguf|pth?|ckpt|onnx|keras|nemo|zip|tar|t?gz|bz2|xz|zst|7z|iso|deb|whl|out|err|log)\Z"
    rb"|Makefile|Dockerfile|LICENSE|\.git(?:ignore|keep|attributes)",
    re.IGNORECASE | re.DOTALL,
)
_QUEUES = frozenset({b"queue", b"queues", b"jobs", b"spool"})


class EmptyDirectories:
    """Remembers directories without children; what holds only such is worked out when all is seen."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self._childless: set[int] = set()

    def note(self, directories: Sequence[int], facts: Facts) -> None:
        """Take note of complete directories: many at once, because a disk has a hundred thousand of them."""
        count = facts.tree.child_count
        self._childless.difference_update(directories)
        self._childless.update([directory for directory in directories if not count(directory)])

    def conclude(self, facts: Facts) -> Iterator[Sighting]:
        """Yield everything found, once the whole tree is complete."""
        tree = facts.tree
        empty = {
            index for index in self._childless if not tree.is_removed(index) and not facts.is_closed(index)
        }
        inside: dict[int, int] = {}
        waiting = [tree.parent(index) for index in empty]
        while waiting:
            parent = waiting.pop()
            inside[parent] = inside.get(parent, 0) + 1
            if parent > ROOT and inside[parent] == tree.child_count(parent):
                empty.add(parent)
                waiting.append(tree.parent(parent))
        protection = Protection.load()
        neighbours = _Neighbours(facts)
        outermost = [
            index
            for index in sorted(empty)
            if index != ROOT
            and tree.parent(index) not in empty
            and _is_nobodys(index, facts, neighbours)
            and not is_the_systems(tree.path(index), protection)
        ]
        if outermost:
            yield Sighting(
                "empty-directories",
                tuple(outermost),
                evidence=(
                    f"{format_count(len(outermost))} directories hold no file at any depth; with the "
                    f"directories inside them {format_count(len(empty))}.",
                ),
            )


def is_the_systems(path: bytes, protection: Protection) -> bool:
    """Return whether a directory is one that nobody removes because it is empty: /srv, or somebody's home."""
    if path.startswith(_SERVICES) and not path.startswith(_NOT_SERVICES):
        return True
    return protection.reason(path) is not None


def _is_awaited(index: int, facts: Facts) -> bool:
    """Return whether something may be about to write: it was just made, or work goes on beside it."""
    parent = facts.tree.parent(index)
    return facts.age(index) < facts.ages.incomplete_after or (parent > ROOT and facts.is_live(parent))


class _Neighbours:
    """Tells what lies around an empty directory; each directory is listed once."""

    def __init__(self, facts: Facts) -> None:
        """Ask these facts."""
        self._facts = facts
        self._known: dict[int, tuple[bool, bool]] = {}

    def claim(self, index: int) -> bool:
        """Return whether a program's own store is around, which may need the directory to start again."""
        parent = self._facts.tree.parent(index)
        is_store, is_fan = self._around(parent)
        if is_store or (is_fan and _DIGITS.match(self._facts.tree.name(index)) is not None):
            return True
        return parent > ROOT and self._around(self._facts.tree.parent(parent))[0]

    def _around(self, directory: int) -> tuple[bool, bool]:
        if directory not in self._known:
            self._known[directory] = self._look(directory)
        return self._known[directory]

    def _look(self, directory: int) -> tuple[bool, bool]:
        """Return whether only a program's state lies there, and whether names are digits of hashes."""
        try:
            children = self._facts.children(directory)
        except CannotTellError:
            return True, True
        if any(_LOCK.match(name) for name in children) or any(one <= children.keys() for one in _LAYOUTS):
            return True, True
        files = [name for name, child in children.items() if self._facts.is_file(child)]
        is_store = bool(files) and not any(_PEOPLES.match(name) for name in files)
        return is_store and directory > ROOT, sum(map(bool, map(_DIGITS.match, children))) >= _FEW


def _is_nobodys(index: int, facts: Facts, neighbours: _Neighbours) -> bool:
    """Return whether no tool is known to expect the directory, nor anything inside it."""
    tree = facts.tree
    if tree.is_removed(index) or tree.name(index).startswith(_PROGRAMS):
        return False
    if facts.ground.is_managed(index) or _is_awaited(index, facts) or neighbours.claim(index):
        return False
    above = [tree.name(ancestor) for ancestor in facts.ground.ancestors(index)[:-1]]
    if any(name.startswith(b".") or name in _QUEUES or _SESSION.fullmatch(name) for name in above):
        return False
    return not any(
        tree.name(entry) in _EXPECTED or _SESSION.fullmatch(tree.name(entry)) for entry in tree.subtree(index)
    )
