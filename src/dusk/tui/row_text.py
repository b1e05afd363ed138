"""One row of the tree list: its facts, and the line they are drawn as. No terminal in here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from dusk.fs.identity import EntryKind
from dusk.fs.names import display_name, display_path
from dusk.fs.units import count_noun, format_count, format_size
from dusk.scan.entry import Entry, EntryFlag
from dusk.scan.tree import ROOT
from dusk.tui.bars import draw_bar
from dusk.tui.entry_words import row_flag, row_word
from dusk.tui.glyphs import Glyphs
from dusk.tui.rows import VisibleRows, directory_of_more
from dusk.tui.safety_signs import safety_kind, safety_sign
from dusk.tui.session import Session
from dusk.tui.spans import Line, cells, fit_end, fit_middle

_HUGE = 0.1
_LARGE = 0.01
_KIND_WORDS = {
    EntryKind.SYMLINK: "link",
    EntryKind.FIFO: "pipe",
    EntryKind.SOCKET: "socket",
    EntryKind.CHARACTER_DEVICE: "device",
    EntryKind.BLOCK_DEVICE: "device",
}


@dataclass(frozen=True, slots=True)
class Row:
    """What one row says; two equal rows look the same."""

    size: int
    """Bytes, in the measure of the session."""
    share: float
    """Part of the root, or of the directory above."""
    weight: float
    """Part of the root, for the colour of the size."""
    mark: str
    """Sign of a mark or of the queue; a space when there is none."""
    flag: str
    """Sign of what must be known before believing the size."""
    depth: int
    """Directories above it that are shown."""
    caret: str
    """Sign of a directory, open or closed."""
    name: str
    """Printable name."""
    is_directory: bool
    """Whether it is a directory."""
    tag: str
    """A word or two at the end of the row."""
    tag_kind: str
    """What the tag is, for its colour."""
    under_cursor: bool
    """Whether the cursor is on it."""


@dataclass(frozen=True, slots=True)
class Columns:
    """How the width of a row is spent."""

    width: int
    """Cells in all."""
    share: bool
    """Whether percentages are shown."""
    bar: int
    """Cells of the bar; 0 for none."""
    tag: int
    """Cells that a tag may take; 0 for none."""

    @classmethod
    @lru_cache(8)
    def for_width(cls, width: int) -> Columns:
        """Return the columns that fit a width; sizes and names stay longest."""
        return cls(
            width=width,
            share=width >= 44,
            bar=10 if width >= 64 else 5 if width >= 50 else 0,
            tag=18 if width >= 64 else 10 if width >= 50 else 0,
        )


def describe_row(session: Session, rows: VisibleRows, position: int, share_of_parent: bool) -> Row:
    """Return the facts of one row."""
    index = rows.ids[position]
    if index < 0:
        return _more_row(session, rows, position, share_of_parent)
    entry = session.tree.entry(index)
    size = entry.size(session.measure)
    tag, tag_kind = _tag(session, entry)
    return Row(
        size=size,
        share=_share(session, rows, entry.parent, size, share_of_parent),
        weight=_part(size, session.size(rows.root)),
        mark=_mark(session, index),
        flag=row_flag(entry),
        depth=rows.depths[position],
        caret=_caret(session.glyphs, rows, entry),
        name=_name(session, rows, entry),
        is_directory=entry.is_directory,
        tag=tag,
        tag_kind=tag_kind,
        under_cursor=position == rows.cursor_row,
    )


def draw_row(row: Row, columns: Columns, glyphs: Glyphs, *, focused: bool = True) -> Line:
    """Return a row as a line of exactly the width; the name comes last so that odd ones break nothing."""
    size_kind = "size-huge" if row.weight >= _HUGE else "size-large" if row.weight >= _LARGE else "size-small"
    left: list[tuple[str, str]] = [
        (glyphs.cursor if row.under_cursor and focused else " ", "key"),
        (row.mark, "mark"),
        (row.flag, "flag"),
        (f"{format_size(row.size):>9}", size_kind),
    ]
    used = 12
    if columns.share:
        left.append((f"{row.share:>5.0%}", "share"))
        used += 5
    if columns.bar:
        left.append((" " + draw_bar(row.share, columns.bar, glyphs), "bar"))
        used += columns.bar + 1
    indent = min(2 * row.depth, max(0, (columns.width - used) // 3))
    left.append((" " * (indent + 1) + row.caret + " ", "muted"))
    used += indent + 3
    tag = fit_end(row.tag, min(columns.tag, max(0, columns.width - used - 12)), glyphs.ellipsis)
    room = max(0, columns.width - used - (cells(tag) + 2 if tag else 1))
    name = fit_middle(row.name, room, glyphs.ellipsis)
    left.append((name, "directory" if row.is_directory else "file"))
    gap = columns.width - used - cells(name) - cells(tag) - (1 if tag else 0)
    left.append((" " * max(0, gap), "text"))
    if tag:
        left.append((tag + " ", row.tag_kind))
    return tuple(left)


def _more_row(session: Session, rows: VisibleRows, position: int, share_of_parent: bool) -> Row:
    directory = directory_of_more(rows.ids[position])
    hidden = rows.hidden_below(directory)
    size = max(0, session.size(directory) - rows.shown_size(directory))
    searched = ", not searched" if rows.filter else ""
    return Row(
        size=size,
        share=_share(session, rows, directory, size, share_of_parent),
        weight=0.0,
        mark=" ",
        flag=" ",
        depth=rows.depths[position],
        caret=session.glyphs.more,
        name=f"{format_count(hidden)} more here{searched}; {session.glyphs.enter} shows the next ones",
        is_directory=False,
        tag="",
        tag_kind="muted",
        under_cursor=position == rows.cursor_row,
    )


def _part(size: int, whole: int) -> float:
    return size / whole if whole > 0 else 0.0


def _share(session: Session, rows: VisibleRows, parent: int, size: int, share_of_parent: bool) -> float:
    whole = parent if share_of_parent and parent >= 0 else rows.root
    return min(1.0, _part(size, session.size(whole)))


def _mark(session: Session, index: int) -> str:
    choices = session.choices
    action = choices.queued_action(index)
    if action is not None:
        from dusk.plan.action_words import WORDS

        return WORDS[action].sign
    if index in choices.marks:
        return session.glyphs.mark
    return "t" if choices.is_inside_queued(index) else " "


def _caret(glyphs: Glyphs, rows: VisibleRows, entry: Entry) -> str:
    if not entry.is_directory:
        return glyphs.leaf
    return glyphs.expanded if entry.id in rows.expanded else glyphs.collapsed


def _name(session: Session, rows: VisibleRows, entry: Entry) -> str:
    if entry.id == rows.root:
        return display_path(session.tree.path(entry.id))
    name = display_name(entry.name)
    if entry.is_directory:
        return name + "/"
    return name + "@" if entry.kind is EntryKind.SYMLINK else name


def _tag(session: Session, entry: Entry) -> tuple[str, str]:
    if entry.id == ROOT:
        return (entry.error, "flag") if entry.error else ("", "tag")
    action = session.choices.queued_action(entry.id)
    if action is not None:
        from dusk.plan.action_words import WORDS

        return WORDS[action].tag, "mark"
    if entry.flags & EntryFlag.UNREADABLE:
        return entry.error or "unreadable", "flag"
    finding = session.finding_for(entry.id)
    if finding is not None:
        sign = safety_sign(finding.safety, ascii_only=session.ascii)
        # Most of a project is to be kept: that must not shout.
        return f"{sign} {finding.tag}", "muted" if finding.is_keep else safety_kind(finding.safety)
    return _plain_tag(session, entry)


def _plain_tag(session: Session, entry: Entry) -> tuple[str, str]:
    word = row_word(entry)
    if word:
        return word, "flag"
    below = session.findings_below(entry.id)
    if below:
        return count_noun(below, "finding"), "muted"
    return _KIND_WORDS.get(entry.kind, ""), "muted"
