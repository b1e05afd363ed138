"""What must hold after whatever went wrong."""

from __future__ import annotations

import collections
import hashlib
import os
import re
import stat

from actions.conftest import Box
from dusk.actions.record import OPEN_STATES
from journeys.tree_digest import tree_digest

Facts = dict[bytes, tuple[object, ...]]
_NOT_A_SENTENCE = re.compile(r"Traceback|Errno|Error\(|\bNone\b|<class|object at 0x")
_INODE = 5


def facts(root: bytes) -> Facts:
    """Return kind, mode, owner, times, links, attributes, content and link group of everything below."""
    groups: dict[object, bytes] = {}
    found: Facts = {}
    for path, entry in sorted(tree_digest(root).items()):
        if not _is_trash(path):
            found[path] = (*entry[:_INODE], groups.setdefault(entry[_INODE], path), *entry[_INODE + 1 :])
    return found


Listing = list[tuple[bytes, list[bytes], list[bytes]]]
_BESIDE = (b"state", b"config", b"archive")


class Digests:
    """What files hold; one whose inode, size and times are those of before is not read again."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, ...], str] = {}

    def of(self, path: bytes, status: os.stat_result) -> str:
        key = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        found = self._known.get(key)
        if found is None:
            with open(path, "rb") as file:
                found = self._known[key] = hashlib.sha256(file.read()).hexdigest()
        return found


def listing(root: bytes, *, without: tuple[bytes, ...] = ()) -> Listing:
    """Return everything below a directory, apart from some names right in it."""
    found: Listing = []
    for directory, names, files in os.walk(root):
        if directory == root:
            names[:] = [name for name in names if name not in without]
        found.append((directory, names, files))
    return found


def contents(box: Box, seen_below: Listing | None = None, digests: Digests | None = None) -> dict[str, int]:
    """Return what every inode holds, and how many there are; what trashes note themselves left out."""
    known = Digests() if digests is None else digests
    seen: set[tuple[int, int]] = set()
    found: collections.Counter[str] = collections.Counter()
    left_out: set[bytes] = set()
    """Directories in trashes that are copies, with all that is below them."""
    for directory, names, files in seen_below or listing(box.root, without=_BESIDE):
        if os.path.dirname(directory) in left_out:
            left_out.add(directory)
        if directory in left_out:
            continue
        skipped: set[bytes] = set()
        if b"files" in names and b"info" in names and b"rash" in os.path.basename(directory):
            skipped.update(name for name in files if name.startswith(b"directorysizes"))
        if os.path.basename(directory) == b"info" and b"rash" in directory:
            skipped.update(name for name in files if name.endswith(b".trashinfo"))
        if os.path.basename(directory) == b"files" and b"rash" in directory:
            copies = {name for name in names + files if _comes_from(directory, name, b"/archive/")}
            skipped |= copies
            left_out.update(os.path.join(directory, name) for name in copies)
        for name in (name for name in files if name not in skipped):
            path = os.path.join(directory, name)
            status = os.lstat(path)
            key = (status.st_dev, status.st_ino)
            if stat.S_ISREG(status.st_mode) and key not in seen:
                seen.add(key)
                found[known.of(path, status)] += 1
    return dict(found)


def _comes_from(files: bytes, name: bytes, place: bytes) -> bool:
    """Return whether an item of a trash came from a place: a copy that undo put away is no original."""
    try:
        with open(os.path.join(os.path.dirname(files), b"info", name + b".trashinfo"), "rb") as file:
            return place in file.read()
    except FileNotFoundError:
        return False


def everything(box: Box) -> Facts:
    """Return all facts of the box that a recovery which has nothing to do must not change."""
    return {
        path: fact
        for path, fact in tree_digest(box.root).items()
        if not path.startswith((b"state", b"config"))
    }


def conserved(before: dict[str, int], after: dict[str, int]) -> list[str]:
    """Return what is not there exactly as often as before; what was made beside it does not count."""
    return [
        f"a content is there {after.get(content, 0)} times instead of {count}"
        for content, count in before.items()
        if after.get(content, 0) != count
    ]


def differences(before: Facts, after: Facts) -> list[str]:
    """Return how a tree differs from what it was."""
    found = [f"{path!r} is missing" for path in before if path not in after]
    found += [f"{path!r} is left" for path in after if path not in before]
    names = ("mode", "owner", "group", "time", "link count", "link group", "attributes", "content")
    for path in before:
        for name, one, two in zip(names, before[path], after.get(path, before[path]), strict=True):
            is_directory = str(before[path][0]).startswith("d")
            if one != two and not (name == "link count" and is_directory):
                kind = "directory " if is_directory else ""
                found.append(f"{kind}{name} of {path!r} is {two!r} and was {one!r}")
    return found


def trash_problems(box: Box, seen: Listing | None = None) -> list[str]:
    """Return items of trashes without their document, which no tool could restore."""
    found: list[str] = []
    for directory, names, _ in seen or listing(box.root):
        if b"files" in names and b"info" in names and b"Trash" in os.path.basename(directory):
            for name in os.listdir(os.path.join(directory, b"files")):
                document = os.path.join(directory, b"info", name + b".trashinfo")
                try:
                    with open(document, "rb") as file:
                        text = file.read()
                except FileNotFoundError:
                    text = b""
                if not text.startswith(b"[Trash Info]\nPath="):
                    found.append(f"{name!r} is in the trash without a document")
            if b"expunged" in names:
                found.append("a deletion was not finished")
    return found


def residue(box: Box, seen: Listing | None = None) -> list[str]:
    """Return what an act works with and should have cleared."""
    roots = (box.data, os.path.join(box.root, b"archive"))
    return [
        f"{name!r} is left in {directory!r}"
        for directory, names, files in seen or listing(box.root)
        if directory.startswith(roots)
        for name in names + files
        if name.startswith(b".dusk-")
    ]


def bad_sentences(report: dict[str, object] | None) -> list[str]:
    """Return what was said of something that went wrong and is not a sentence for people."""
    if report is None:
        return []
    results = report.get("results", [["failed", report.get("stopped", "")]])
    return [
        f"said {sentence!r}"
        for state, sentence in results
        if state in ("failed", "refused")
        and (not sentence or not sentence.rstrip().endswith((".", "?")) or _NOT_A_SENTENCE.search(sentence))
    ]


def open_records(box: Box) -> list[str]:
    return [
        f"{record.action} of {record.source!r} is still {record.state.value}"
        for record in box.journal.open_records()
        if record.state in OPEN_STATES
    ]


def _is_trash(path: bytes) -> bool:
    return any(part.startswith(b".Trash") for part in path.split(b"/"))
