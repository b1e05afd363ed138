"""Exports of profiler reports: a database that Nsight Systems writes again from its report.

Source: Nsight Systems user guide: ``nsys stats`` and ``nsys export`` write ``X.sqlite`` beside
``X.nsys-rep``.
"""

from __future__ import annotations

from collections.abc import Iterator

from dusk.fs.names import display_name
from dusk.rules.facts import Facts
from dusk.rules.sighting import Sighting

_EXPORTS = (b".sqlite", b".sqlite.lock")
_SQLITE = b"SQLite format 3\0"


def inspect_nsys(directory: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield the exports beside the reports of one directory; raises CannotTellError."""
    for hit in hits:
        report = facts.tree.name(hit)
        stem = report[: report.rfind(b".")]
        export = facts.child(directory, stem + b".sqlite")
        if not facts.is_file(hit) or not facts.tree.apparent_size(hit):
            continue
        if export is None or not facts.is_file(export) or facts.head(export, 16) != _SQLITE:
            continue
        if facts.tree.newest_mtime_ns(export) < facts.tree.newest_mtime_ns(hit) - 1_000_000_000:
            continue  # older than its report: of an earlier one, and nobody can make that again
        yield Sighting(
            "nsys-export",
            (export,),
            evidence=(f"{display_name(report)} lies beside it, and nsys writes it from that.",),
            withheld=f"it changed {facts.shown_age(export)}." if facts.is_live(export) else "",
        )
