"""What is this, and may I delete it: an answer for any path, also where no rule knows it."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass

from dusk.fs.identity import EntryKind
from dusk.fs.names import display_name, display_path, shell_word
from dusk.fs.units import count_noun, format_age, format_size
from dusk.rules.finding import Finding
from dusk.rules.judge import Judge
from dusk.rules.safety import Safety
from dusk.scan.entry import Entry, EntryFlag, Measure, Sort

_NAMED = 3
_KIND_NAMES = {
    EntryKind.FILE: "file",
    EntryKind.DIRECTORY: "directory",
    EntryKind.SYMLINK: "symbolic link",
    EntryKind.FIFO: "named pipe",
    EntryKind.SOCKET: "socket",
    EntryKind.CHARACTER_DEVICE: "character device",
    EntryKind.BLOCK_DEVICE: "block device",
    EntryKind.UNKNOWN: "entry of a kind that dusk does not know",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer about one path."""

    path: bytes
    """The path asked about, absolute."""
    title: str
    """What it is, in a few words."""
    safety: Safety
    """How much losing it would hurt; review where nobody knows."""
    what: str
    """What it is and why it is here."""
    evidence: tuple[str, ...]
    """Why dusk thinks so."""
    cost: str
    """What deleting it costs."""
    recover: str
    """How it comes back."""
    command: str
    """The command by hand."""
    finding: Finding | None = None
    """The finding about exactly this path."""
    inside: Finding | None = None
    """The nearest finding about a directory above it."""


def _owner(uid: int) -> str:
    try:
        import pwd

        return display_name(pwd.getpwuid(uid).pw_name)
    except (ImportError, KeyError):
        return f"user {uid}"


def explain(
    path: bytes, judge: Judge, *, now: float | None = None, owner_name: Callable[[int], str] = _owner
) -> Explanation:
    """Say what a path is; the judge's scan need not hold it.

    ``now`` is in seconds since 1970; ``owner_name`` is for faces that must not wait for a directory service.
    """
    tree = judge.scan.tree
    index = tree.find(path)
    if index is None or tree.is_removed(index):
        return _outside(path)
    finding = judge.finding_for(index)
    inside = _finding_above(judge, index)
    keeps = judge.keeps_below(index)
    entry = tree.entry(index)
    facts = _facts(entry, time.time() if now is None else now, owner_name(entry.owner))
    if finding is not None:
        return _from_finding(path, finding, inside, _keep_sentences(keeps))
    if path in keeps and (inside is None or inside.is_keep):
        return _kept(path, entry, facts, inside)
    if inside is not None:
        others = _keep_sentences(tuple(one for one in keeps if one != path))
        return _inside(path, entry, inside, (*facts, *others))
    known = (*_biggest(index, judge), *_known_below(path, judge))
    return _unknown(path, entry, keeps, (*facts, *known))


def _from_finding(
    path: bytes, finding: Finding, inside: Finding | None, keeps: tuple[str, ...]
) -> Explanation:
    return Explanation(
        path=path,
        title=finding.title,
        safety=finding.safety,
        what=finding.what,
        evidence=(*finding.evidence, *(() if finding.is_keep else keeps)),
        cost=finding.cost,
        recover=finding.recover,
        command=finding.command,
        finding=finding,
        inside=inside,
    )


def _inside(path: bytes, entry: Entry, inside: Finding, evidence: tuple[str, ...]) -> Explanation:
    whole = display_path(inside.paths[0])
    return Explanation(
        path=path,
        title=f"Part of: {inside.title}",
        safety=inside.safety.at_least(Safety.REVIEW) if not inside.is_keep else Safety.KEEP,
        what=f"This {_kind(entry)} belongs to {whole}. {inside.what}",
        evidence=evidence,
        cost=f"Taken alone it can break the rest: judge {whole} as a whole. {inside.cost}",
        recover=inside.recover,
        command=inside.command,
        inside=inside,
    )


def _kept(path: bytes, entry: Entry, facts: tuple[str, ...], inside: Finding | None) -> Explanation:
    return Explanation(
        path=path,
        title="Something to keep",
        safety=Safety.KEEP,
        what=f"A rule says that this {_kind(entry)} is to be kept: notes, source, configuration, a secret "
        "or a result that exists nowhere else.",
        evidence=facts,
        cost="It can be the only copy.",
        recover="Not by itself: from a backup, if there is one.",
        command=f"ls -ld {shell_word(path)}",
        inside=inside,
    )


def _unknown(path: bytes, entry: Entry, keeps: tuple[bytes, ...], known: tuple[str, ...]) -> Explanation:
    return Explanation(
        path=path,
        title="Nothing recognises this",
        safety=Safety.KEEP if keeps else Safety.REVIEW,
        what=f"No rule knows this {_kind(entry)}, so dusk does not suggest anything about it. "
        "Treat it as yours.",
        evidence=(*known, *_keep_sentences(keeps)),
        cost="Unknown: it can be the only copy.",
        recover="Not by itself, as far as dusk knows.",
        command=f"ls -la {shell_word(path)}",
    )


def _outside(path: bytes) -> Explanation:
    """Explain a path that the scan does not hold, from the disk alone."""
    try:
        status = os.lstat(path)
    except OSError as error:
        evidence: tuple[str, ...] = (f"It cannot be looked at: {error.strerror}.",)
        return _bare(path, "Not there", "There is nothing at this path that dusk can see.", evidence)
    kind = _KIND_NAMES[EntryKind.from_mode(status.st_mode)]
    changed = format_age(time.time() - status.st_mtime)
    size = "" if stat.S_ISDIR(status.st_mode) else f"It takes {format_size(status.st_blocks * 512)} on disk."
    evidence = (
        "The scan does not hold it.",
        f"Its own last change was {changed} ago; it is owned by {_owner(status.st_uid)}.",
        *([size] if size else []),
    )
    return _bare(
        path, "Nothing recognises this", f"No rule looked at this {kind}. Treat it as yours.", evidence
    )


def _bare(path: bytes, title: str, what: str, evidence: tuple[str, ...]) -> Explanation:
    return Explanation(
        path=path,
        title=title,
        safety=Safety.REVIEW,
        what=what,
        evidence=evidence,
        cost="Unknown: it can be the only copy.",
        recover="Not by itself, as far as dusk knows.",
        command=f"ls -ld {shell_word(path)}",
    )


def _facts(entry: Entry, now: float, owner: str) -> tuple[str, ...]:
    items = f" in {count_noun(entry.items, 'entry', 'entries')}" if entry.is_directory else ""
    age = now - entry.newest_mtime_ns / 1e9
    newest = "The newest change is in the future" if age < 0 else f"Newest change {format_age(age)} ago"
    facts = [
        f"{format_size(entry.disk_size)} on disk, {format_size(entry.apparent_size)} apparent{items}.",
        f"{newest}; owned by {display_name(owner)}.",
    ]
    if entry.flags & EntryFlag.HARD_LINK:
        facts.append(f"It has {entry.identity.links:,} names: removing one frees nothing.")
    if entry.flags & (EntryFlag.UNREADABLE | EntryFlag.PARTIAL):
        facts.append("Something in it could not be read, so its size is too small.")
    return tuple(facts)


def _keep_sentences(keeps: tuple[bytes, ...]) -> tuple[str, ...]:
    if not keeps:
        return ()
    shown = ", ".join(display_path(path) for path in keeps[:_NAMED])
    more = " and more" if len(keeps) > _NAMED else ""
    return (f"It holds things to keep: {shown}{more}.",)


def _biggest(index: int, judge: Judge) -> tuple[str, ...]:
    """Say what takes most of a directory that no rule knows, so that one can go on looking there."""
    tree, facts = judge.scan.tree, judge.facts
    if tree.kind(index) is not EntryKind.DIRECTORY:
        return ()
    sizes = tree.apparent_size if facts.measure is Measure.APPARENT else tree.disk_size
    whole = sizes(index)
    named = [
        f"{display_name(tree.name(child))} {format_size(sizes(child))}"
        for child in tree.children(index, Sort.SIZE, facts.measure, limit=_NAMED)
        if sizes(child) * 20 >= whole > 0
    ]
    return (f"Most of it is in {', '.join(named)}.",) if named else ()


def _known_below(path: bytes, judge: Judge) -> tuple[str, ...]:
    """Say what rules know inside of a directory that none of them knows as a whole."""
    inside = path.rstrip(b"/") + b"/"
    below = [
        one for one in judge.findings() if one.offers and any(each.startswith(inside) for each in one.paths)
    ]
    if not below:
        return ()
    shown = "; ".join(finding.title for finding in below[:_NAMED])
    more = f"; and {len(below) - _NAMED:,} more" if len(below) > _NAMED else ""
    return (f"Inside of it dusk knows {count_noun(len(below), 'thing')} that may go: {shown}{more}.",)


def _finding_above(judge: Judge, index: int) -> Finding | None:
    tree = judge.scan.tree
    above = tree.parent(index)
    while above >= 0:
        finding = judge.finding_for(above)
        if finding is not None:
            return finding
        above = tree.parent(above)
    return None


def _kind(entry: Entry) -> str:
    return _KIND_NAMES[entry.kind]
