"""Work queues kept as directories: files that failed, and files whose worker is gone."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dusk.fs.names import display_name
from dusk.fs.units import count_noun, format_count
from dusk.rules.facts import Facts
from dusk.rules.finding import Action
from dusk.rules.probe import CannotTellError
from dusk.rules.sighting import Part, Proposal, Sighting

_STAGES = frozenset(
    {
        b"inbox", b"pending", b"processing", b"failed", b"completed", b"recently_completed", b"done",
        b"normal", b"high", b"low", b"queued", b"in_progress", b"retry", b"errors",
        b"paused", b"skipped", b"corrupted",
    }
)  # fmt: skip
_FAILED = frozenset({b"failed", b"errors"})
_PROCESSING = frozenset({b"processing", b"in_progress"})
_QUEUE_NAME = re.compile(rb"(.*[_-])?(queue|queues|jobs|tasks)\Z", re.DOTALL)
_DATA = re.compile(
    rb".*\.(jsonl|ndjson|json|parquet|csv|tsv|arrow)(\.gz|\.zst)?\Z", re.IGNORECASE | re.DOTALL
)
_COUNT = re.compile(rb"count[_-]?(\d{3,})")
# Mail and print systems, and message brokers, have directories of these names and their own tools.
_FOREIGN_NAMES = (b"celery", b"postfix", b"exim4", b"mqueue", b"cups", b"maildir", b"spool")
_FOREIGN_CHILDREN = frozenset({b"cur", b"new", b"deferred", b"maildrop"})
_TEXT = (b".jsonl", b".ndjson", b".json", b".csv", b".tsv")
_SAMPLE = 20


def inspect_queue(queue: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield what is stuck in a directory whose children are the stages of a queue."""
    if facts.ground.is_managed(queue) or not _is_queue(queue, facts):
        return
    for stage in hits:
        if not facts.is_directory(stage) or facts.tree.parent(stage) != queue:
            continue
        name = facts.tree.name(stage)
        try:
            files = _data_files(stage, facts)
        except CannotTellError:
            continue
        if name in _FAILED:
            yield from _failed(files, facts)
        elif name in _PROCESSING:
            yield from _stuck(files, facts)


def _is_queue(queue: int, facts: Facts) -> bool:
    names = set(facts.directories(queue))
    above = [facts.tree.name(queue), *facts.ground.names_above(queue)]
    if names & _FOREIGN_CHILDREN or any(
        foreign in name.lower() for name in above for foreign in _FOREIGN_NAMES
    ):
        return False
    stages = len(names & _STAGES)
    own_name = facts.tree.name(queue).rsplit(b"/", 1)[-1]
    return stages >= 3 or (stages >= 2 and _QUEUE_NAME.match(own_name) is not None)


def _data_files(stage: int, facts: Facts) -> list[int]:
    """Return the data files of a stage; none when it holds code, which makes it a package of that name."""
    children = facts.children(stage)
    if any(
        name.endswith((b".py", b".c", b".cc", b".h", b".go", b".rs", b".js", b".ts")) for name in children
    ):
        return []
    return [child for name, child in children.items() if _DATA.match(name) and facts.is_file(child)]


def _failed(files: list[int], facts: Facts) -> Iterator[Sighting]:
    still = [file for file in files if not facts.is_live(file)]
    if still:
        yield Sighting(
            "queue-failed",
            tuple(still),
            evidence=(
                f"{count_noun(len(still), 'file')} of {facts.shown_size(*still)} in failed/, the newest from "
                f"{facts.shown_age(*still)}.",
                *_lines(still, facts),
            ),
            proposals=_proposals(still, "that failed", facts),
        )


def _stuck(files: list[int], facts: Facts) -> Iterator[Sighting]:
    stuck = [file for file in files if facts.age(file) >= facts.ages.stuck_after]
    if stuck:
        yield Sighting(
            "queue-stuck",
            tuple(stuck),
            evidence=(
                f"{count_noun(len(stuck), 'file')} of {facts.shown_size(*stuck)} in processing/, not written "
                f"since {facts.shown_age(*stuck)}.",
                *_lines(stuck, facts),
            ),
            proposals=_proposals(stuck, "stuck in processing", facts),
        )


def _proposals(files: list[int], which: str, facts: Facts) -> tuple[Proposal, ...]:
    """Return what may be done: most first ask whether the input is needed at all."""
    every = tuple(Part(file, (file,)) for file in files)
    lines = tuple(part for part in every if facts.tree.name(part.entry).endswith((b".jsonl", b".ndjson")))
    text = tuple(part for part in every if facts.tree.name(part.entry).endswith(_TEXT))
    proposals = [
        Proposal(Action.TRASH, f"Trash {{subjects}} {which}", every),
        Proposal(
            Action.REQUEUE,
            f"Move {{subjects}} {which} back to where the worker looks",
            every,
            note="They are tried again as they are: out of memory once, out of memory again.",
        ),
    ]
    if lines:
        note = "Smaller pieces need less memory; every line is there afterwards."
        proposals.append(Proposal(Action.SPLIT, f"Split {{subjects}} {which}", lines, note=note))
    if text:
        note = "Text shrinks to a fifth; the worker cannot read it until it is unpacked."
        proposals.append(Proposal(Action.COMPRESS, f"Compress {{subjects}} {which}", text, note=note))
    proposals.append(Proposal(Action.ARCHIVE, f"Archive {{subjects}} {which}", every))
    return tuple(proposals)


def _lines(files: list[int], facts: Facts) -> list[str]:
    """Say how many examples there are: the name's own count, else an estimate from the first 64 KiB."""
    named = [_COUNT.search(facts.tree.name(file)) for file in files]
    counts = [int(match[1]) for match in named if match is not None]
    if len(counts) == len(files):
        shown = display_name(facts.tree.name(files[0]))
        return (
            [f"Their names say {format_count(sum(counts))} examples together."]
            if len(files) > 1
            else [f"The name {shown} says {format_count(counts[0])} examples."]
        )
    sample = [file for file in files if facts.tree.name(file).endswith((b".jsonl", b".ndjson"))][:_SAMPLE]
    try:
        heads = facts.heads(sample)
    except CannotTellError:
        return []
    total = 0.0
    for file, head in zip(sample, heads, strict=True):
        lines = (head or b"").count(b"\n")
        if lines:
            total += facts.tree.apparent_size(file) / ((head or b"").rindex(b"\n") + 1) * lines
    return [f"About {format_count(round(total))} lines, going by the first 64 KiB of each."] if total else []
