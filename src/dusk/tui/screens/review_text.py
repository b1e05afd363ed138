"""What the review says around its rows: totals, the path under the cursor, what insisting means."""

from __future__ import annotations

from dusk.fs.names import display_path
from dusk.fs.units import count_noun, format_size
from dusk.plan.action_words import doing, freed_words
from dusk.plan.plan import ActionTotals
from dusk.rules.safety import Safety
from dusk.scan.entry import Measure
from dusk.tui.screens.review_rows import ReviewItem, ReviewRows
from dusk.tui.spans import Line, cells, fit_end, fit_middle, wrap

_KEEPS_NAMED = 5
EMPTY: tuple[Line, ...] = (
    (("Nothing is queued.", "strong"),),
    (),
    (
        ("Go back with ", "muted"),
        ("esc", "key"),
        (", move to something large and press ", "muted"),
        ("d", "key"),
    ),
    (("to queue it for the trash, or ", "muted"), ("a", "key"), (" to queue it for an archive.", "muted")),
    (("Nothing is moved before it was reviewed here and confirmed.", "muted"),),
)
"""Shown when nothing is queued: why, and what to do next."""


def totals_lines(rows: ReviewRows, measure: Measure, width: int) -> list[Line]:
    """Return the three figures of everything that would be acted on, and how much would not."""
    totals, blocked = rows.totals, len(rows.blocked)
    sizes = both_sizes(totals, measure)
    now, later = freed_words(totals.frees_now, totals), freed_words(totals.frees_after_purge, totals)
    freed = f"freed now {now}, after emptying the trash {later}"
    if cells(sizes) + cells(freed) + 2 <= width:
        lines: list[Line] = [((sizes, "strong"), (f"  {freed}", "queue-text"))]
    elif cells(freed) <= width:
        lines = [((sizes, "strong"),), ((freed, "queue-text"),)]
    else:
        lines = [((format_size(totals.disk_size), "strong"), (f", now {now}, after {later}", "queue-text"))]
    if blocked:
        stays = "stays where it is" if blocked == 1 else "stay where they are"
        lines.append(((f"{blocked:,} of {count_noun(len(rows.items), 'path')} {stays}", "problem"),))
    return lines


def detail_lines(item: ReviewItem, figures: ActionTotals, measure: Measure, width: int) -> list[Line]:
    """Return what is known of one path: all of it, its title, its figures and what happens to it."""
    target = item.target
    lines: list[Line] = [((text, "strong"),) for text in wrap(display_path(target.path), width)[:2]]
    lines.append(((fit_end(target.title or "No rule knows this", width), "text"),))
    facts = f"{count_noun(figures.entries, 'entry', 'entries')}, {both_sizes(figures, measure)}"
    lines.append(((fit_end(f"{facts}; {doing(item.step)}", width), "muted"),))
    if item.can_insist:
        lines.append((("This should be kept. ", "safety-keep"), ("i", "key"), (" insists on it.", "muted")))
    return lines


def insist_lines(item: ReviewItem, width: int) -> list[Line]:
    """Return what a person must read before insisting on a path."""
    target = item.target
    lines: list[Line] = [((fit_middle(display_path(target.path), width), "strong"),)]
    if target.safety is Safety.KEEP:
        lines.append(((f"{target.title or 'This'} should be kept.", "safety-keep"),))
    inside = [path for path in target.keeps if path != target.path]
    if inside:
        count = count_noun(len(inside), "thing")
        lines.append(((f"It holds {count} that should be kept:", "safety-keep"),))
    for path in inside[:_KEEPS_NAMED]:
        below = path[len(target.path) + 1 :] if path.startswith(target.path + b"/") else path
        lines.append((("  " + fit_middle(display_path(below), width - 2), "text"),))
    if len(inside) > _KEEPS_NAMED:
        lines.append(((f"  and {len(inside) - _KEEPS_NAMED:,} more", "muted"),))
    for note in item.notes:
        if note.may_insist and "kept" not in note.sentence:
            lines += [((text, "notice"),) for text in wrap(note.sentence, width)]
    lines.append((("It may be the only copy. Only this path is released, nothing else.", "muted"),))
    return lines


def both_sizes(totals: ActionTotals, measure: Measure) -> str:
    """Return what things take on disk, after what they pretend to hold where that is what is shown."""
    on_disk = f"{format_size(totals.disk_size)} on disk"
    if measure is Measure.APPARENT:
        return f"{format_size(totals.apparent_size)} apparent, {on_disk}"
    return on_disk
