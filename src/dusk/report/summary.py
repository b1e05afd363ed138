"""What a scan came to, and the tree that it found, as plain text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dusk.fs.identity import EntryKind
from dusk.fs.names import display_name, display_path
from dusk.fs.units import count_noun, format_count, format_size
from dusk.report.layout import table
from dusk.scan.entry import Entry, EntryFlag, Measure, Sort
from dusk.scan.scanner import Progress
from dusk.scan.tree import ROOT, SizeTree

_MARKS = {
    EntryKind.DIRECTORY: "/",
    EntryKind.SYMLINK: "@",
    EntryKind.FIFO: "|",
    EntryKind.SOCKET: "=",
}
_FLAG_NOTES = (
    (EntryFlag.PARTIAL, "something below is unreadable"),
    (EntryFlag.MOUNT_POINT, "mount point, not entered"),
    (EntryFlag.OTHER_FILESYSTEM, "other filesystem, not entered"),
    (EntryFlag.PSEUDO, "kernel filesystem, not entered"),
    (EntryFlag.COUNTED_ELSEWHERE, "hard link, counted elsewhere"),
    (EntryFlag.SCANNING, "not complete yet"),
)


def scan_text(progress: Progress, path: bytes, unreadable: Sequence[tuple[bytes, str]] = ()) -> str:
    """Return the totals of a scan, and what could not be read with the reasons."""
    others = progress.entries - progress.directories
    errors = format_count(progress.errors)
    if progress.errors:
        errors += "  (what could not be read is not in the totals)"
    rows = [
        ("on disk", f"{format_size(progress.disk_bytes)}  ({format_count(progress.disk_bytes)} bytes)"),
        (
            "apparent",
            f"{format_size(progress.apparent_bytes)}  ({format_count(progress.apparent_bytes)} bytes)",
        ),
        ("directories", format_count(progress.directories)),
        ("other entries", format_count(others)),
        ("errors", errors),
        ("time", f"{progress.seconds:.2f} s, {progress.rate:,.0f} entries/s"),
        ("scanner", progress.scanner),
    ]
    lines = [display_path(path), *table(rows, "ll", indent="  ")]
    if progress.cancelled:
        lines.append("  The scan was stopped before the end: the totals are too small.")
    if progress.failure:
        lines.append(f"  The scan ended early: {display_name(progress.failure)}.")
    lines += [f"  {display_path(where)}: {display_name(reason)}" for where, reason in unreadable]
    left = progress.errors - len(unreadable)
    if unreadable and left > 0:
        lines.append(f"  ... and {format_count(left)} more")
    return "\n".join(lines)


def tree_report(
    tree: SizeTree,
    measure: Measure = Measure.DISK,
    *,
    root: int = ROOT,
    depth: int = 2,
    limit: int = 12,
    tag: Callable[[int], str] | None = None,
) -> str:
    """Return the biggest entries of a tree, ``limit`` for each directory and ``depth`` levels deep.

    Sizes stand before names. ``tag`` gives a few words about an entry, such as what a rule calls it.
    """
    whole = max(tree.entry(root).size(measure), 1)
    rows: list[tuple[str, str, str, str]] = []

    def add(index: int, level: int) -> None:
        entry = tree.entry(index)
        name = display_path(tree.path(root)) if index == root else _name(entry)
        size = entry.size(measure)
        words = [*_notes(entry), *([tag(index)] if tag and tag(index) else [])]
        note = f"  ({'; '.join(words)})" if words else ""
        items = format_count(entry.items) if entry.is_directory else ""
        rows.append((format_size(size), f"{size / whole:.0%}", items, "  " * level + name + note))
        if entry.is_directory and level < depth:
            add_children(index, level + 1)

    def add_children(index: int, level: int) -> None:
        for child in tree.children(index, Sort.SIZE, measure, 0, limit):
            add(child, level)
        left = tree.child_count(index) - limit
        if left > 0:
            rest = tree.children(index, Sort.SIZE, measure, limit, None)
            size = sum(tree.entry(child).size(measure) for child in rest)
            line = f"... {count_noun(left, 'more entry', 'more entries')}"
            rows.append((format_size(size), f"{size / whole:.0%}", "", "  " * level + line))

    add(root, 0)
    title = "apparent" if measure is Measure.APPARENT else "on disk"
    return "\n".join(table([(title, "share", "items", "name"), *rows], "rrrl"))


def _name(entry: Entry) -> str:
    return display_name(entry.name) + _MARKS.get(entry.kind, "")


def _notes(entry: Entry) -> list[str]:
    notes = [note for flag, note in _FLAG_NOTES if entry.flags & flag]
    if entry.flags & EntryFlag.UNREADABLE:
        notes.insert(0, f"unreadable: {display_name(entry.error)}")
    return notes
