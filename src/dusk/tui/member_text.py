"""The members of a finding, as lines: what would go and what stays, in the order of their names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dusk.fs.names import display_path
from dusk.fs.units import count_noun, format_size
from dusk.tui.shared_directory import shared_directory
from dusk.tui.spans import Line, cells, fit_middle, justify

if TYPE_CHECKING:
    from dusk.rules.finding import Finding
    from dusk.tui.session import Session

_SHOWN = 12
_DIGITS = re.compile(rb"(\d+)")


def member_lines(session: Session, finding: Finding, width: int) -> list[Line]:
    """Return the paths of a finding that has several, with those that it leaves alone; nothing for one path.

    A series such as the checkpoints of a run so reads as what it is: step by step, with what stays.
    """
    staying = tuple(dict.fromkeys(finding.members))
    going = () if finding.is_keep else tuple(path for path in finding.paths if path not in staying)
    if len(going) + len(staying) < 2:
        return []
    counts = []
    if going and staying:
        counts = [f"{len(going):,} may go", f"{len(staying):,} {'stays' if len(staying) == 1 else 'stay'}"]
    ellipsis, dot = session.glyphs.ellipsis, session.glyphs.dot
    lines: list[Line] = [justify([("MEMBERS", "heading")], [(dot.join(counts), "muted")], width, ellipsis)]
    sizes = dict(zip(finding.paths, finding.entries, strict=False))
    shown = sorted((*going[:_SHOWN], *staying[:_SHOWN]), key=_natural)
    base = len(shared_directory(shown))
    for path in shown:
        stays = path in staying
        lines.append(_line(session, path[base:], sizes.get(path, -1), width, stays=stays and bool(going)))
    for paths, verb in ((going, "may go"), (staying, "stay")):
        if len(paths) > _SHOWN:
            lines.append(((f"{ellipsis} {count_noun(len(paths) - _SHOWN, 'more path')} {verb}", "muted"),))
    return lines


def _line(session: Session, name: bytes, index: int, width: int, *, stays: bool) -> Line:
    glyphs = session.glyphs
    word = "stays" if stays else format_size(session.size(index)) if index >= 0 else ""
    shown = fit_middle(display_path(name), width - cells(word) - 4, glyphs.ellipsis)
    kind = "muted" if stays else "text"
    lead = f"{' ' if stays else glyphs.bullet} "
    return justify([(lead, "muted"), (shown, kind)], [(word, kind)], width, glyphs.ellipsis)


def _natural(path: bytes) -> list[tuple[int, bytes]]:
    """Return a key by which checkpoint-500 comes before checkpoint-1000."""
    parts = _DIGITS.split(path)
    return [(int(part), b"") if part.isdigit() else (0, part) for part in parts]
