"""Logs: what programs said while they ran, and what a rotation left of it.

Source: logrotate(8) for the names ``x.log.1``, ``x.log.2.gz`` and ``x.log-20251122``; Slurm for
``slurm-<job>.out``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dusk.fs.names import display_name
from dusk.fs.units import count_noun, format_age
from dusk.rules.facts import Facts
from dusk.rules.finding import Action, ActionOptions
from dusk.rules.inspectors.git_index import is_tracked
from dusk.rules.probe import CannotTellError
from dusk.rules.sighting import Part, Proposal, Sighting

_ROTATED = re.compile(
    rb"(?P<live>.+?\.(?:log|out|err|jsonl?|txt)|syslog|messages|kern|auth|dmesg|lastlog|btmp|wtmp|.+_log)"
    rb"[.-](?P<number>\d{1,3}|\d{8}(?:[-_T]?\d{2,10})?|\d{4}-\d{2}-\d{2}\S*|old)(?:\.(?:log|gz|zst|xz|bz2))*\Z",
    re.DOTALL,
)
_LIVE = re.compile(
    rb".+\.log\Z|nohup\.out\Z|(?:slurm|job|pbs|sge)[-_.]?\d[\w.-]*\.(?:out|err|log|[oe]\d+)\Z|.+\.[oe]\d{4,}\Z",
    re.DOTALL,
)
_CONTAINER = re.compile(
    rb"[0-9a-f]{64}-json\.log(?:\.\d+)?(?:\.gz)?\Z"
)  # a container engine writes and rotates these
# Such a name is proof enough: a job's number stands in it.
_SAYS_SO = re.compile(rb".+\.log\Z|nohup\.out\Z|slurm-\d+(?:_\d+)?\.(?:out|err)\Z", re.DOTALL)
_PACKED = (b".gz", b".zst", b".xz", b".bz2")
_STAMP = re.compile(
    rb"\d{2}:\d{2}:\d{2}|\d{4}-\d{2}-\d{2}|\b(?:INFO|WARN|ERROR|DEBUG)|\r|step|epoch|loss", re.IGNORECASE
)
_HEAD = 8192


def inspect_logs(directory: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield the rotated logs of one directory, and apart from those the logs that nobody writes any more."""
    if facts.ground.is_managed(directory):
        return
    try:
        candidates = list(facts.children(directory).values())  # a date at the end of a name is no pattern
    except CannotTellError:
        candidates = hits
    files = [one for one in candidates if facts.is_file(one) and facts.tree.apparent_size(one)]
    rotated, logs = [], []
    for file in files:
        match = _ROTATED.match(facts.tree.name(file))
        if _CONTAINER.match(facts.tree.name(file)):
            continue
        if match is not None and _was_rotated(match, directory, files, facts):
            rotated.append(file)
        elif match is None and _LIVE.match(facts.tree.name(file)):
            logs.append(file)
    yield from _rotated(_untracked(rotated, facts), facts)
    yield from _old_logs(_untracked(_that_read_so(logs, facts), facts), facts)


def _was_rotated(match: re.Match[bytes], directory: int, files: list[int], facts: Facts) -> bool:
    """Return whether the log itself, or another rotation of it, lies beside."""
    if facts.tree.child(directory, match["live"]) is not None:
        return True
    names = [_ROTATED.match(facts.tree.name(file)) for file in files]
    return [one["live"] for one in names if one is not None].count(match["live"]) > 1


def _untracked(files: list[int], facts: Facts) -> list[int]:
    found = []
    for file in files:
        try:
            if not is_tracked(file, facts):
                found.append(file)
        except CannotTellError:
            continue
    return found


def _that_read_so(files: list[int], facts: Facts) -> list[int]:
    """Return the files that begin as logs do, or whose name says so."""
    found: list[int] = []
    for start in range(0, len(files), 50):
        batch = files[start : start + 50]
        try:
            heads = facts.heads(batch, _HEAD)
        except CannotTellError:
            return found
        for file, head in zip(batch, heads, strict=True):
            said = head and (_STAMP.search(head) or _SAYS_SO.match(facts.tree.name(file)))
            if said and b"\0" not in (head or b""):
                found.append(file)
    return found


def _rotated(files: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield the rotated logs; those that are young may be packed, but are not to go yet."""
    resting = [file for file in files if not facts.is_live(file)]
    if not resting:
        return
    old = [file for file in resting if facts.age(file) >= facts.ages.old_after]
    packable = [file for file in resting if not facts.tree.name(file).endswith(_PACKED)]
    evidence = [
        f"{count_noun(len(resting), 'rotated log')} of {facts.shown_size(*resting)}, the newest from "
        f"{facts.shown_age(*resting)}; the log that is written now stays."
    ]
    if len(old) < len(resting):
        limit = format_age(facts.ages.old_after)
        evidence.append(f"{len(resting) - len(old):,} were written within {limit}: not to be trashed yet.")
    note = "Text shrinks to a sixth or less; nothing is lost."
    yield Sighting(
        "rotated-log",
        tuple(resting),
        evidence=tuple(evidence),
        proposals=(
            Proposal(Action.TRASH, "Trash {subjects}", _parts(old)),
            Proposal(Action.ARCHIVE, "Archive {subjects}", _parts(resting)),
            Proposal(Action.COMPRESS, "Compress what is not packed yet", _parts(packable), note=note),
        ),
    )


def _parts(files: list[int]) -> tuple[Part, ...]:
    return tuple(Part(file, (file,)) for file in files)


def _old_logs(files: list[int], facts: Facts) -> Iterator[Sighting]:
    quiet = [file for file in files if not facts.is_live(file)]
    if not quiet:
        return
    biggest = max(quiet, key=facts.tree.apparent_size)
    parts = _parts(quiet)
    yield Sighting(
        "log",
        tuple(quiet),
        evidence=(
            f"{display_name(facts.tree.name(biggest))} is the biggest of {count_noun(len(quiet), 'log')} in "
            "this directory, "
            f"{facts.shown_size(biggest)}, not written since {facts.shown_age(biggest)}.",
        ),
        proposals=(
            Proposal(
                Action.COMPRESS,
                "Compress {subjects}",
                parts,
                note="Text shrinks to a sixth or less; nothing is lost.",
            ),
            Proposal(
                Action.ROTATE,
                "Pack the days before the newest of {subjects}",
                parts,
                note="The newest days stay readable as they are.",
                options=ActionOptions(),
            ),
            Proposal(Action.ARCHIVE, "Archive {subjects}", parts),
            Proposal(Action.TRASH, "Trash {subjects}", parts, note="What these runs said is lost."),
        ),
    )
