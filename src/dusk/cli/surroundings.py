"""Judging a path by what lies around it: a checkpoint is the last one only beside the others."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dusk.cli.background import finish
from dusk.cli.progress_line import ProgressLine
from dusk.cli.scanning import check_alive, load_rules
from dusk.fs.names import display_path
from dusk.rules.judge import Judge
from dusk.scan.scanner import ScanOptions
from dusk.scan.start import ScanError, open_scan

if TYPE_CHECKING:
    from dusk.settings import Settings

_TICK = 0.1  # seconds between looks at the progress
# What lies around a path is worth a few seconds, and never the walk of a whole disk.
_PATIENCE = 4.0


@dataclass(frozen=True, slots=True)
class Known:
    """A judge that looked around a path."""

    judge: Judge
    """The judge; its tree holds the path when anybody's does."""
    is_whole: bool
    """Whether it had the time to look at all of it."""


class Surroundings:
    """Finds and keeps the judges that know the paths of one command line."""

    def __init__(self, settings: Settings, line: ProgressLine) -> None:
        self._settings = settings
        self._line = line
        self._book = load_rules()
        self._judges: list[Judge] = []

    def judge_of(self, path: bytes) -> Known | None:
        """Return the judge that knows most of a path; None when nothing around it can be read.

        The directories around are tried from the wider to the narrower, each for a few seconds; the
        path itself is walked whole, because what must be kept can lie anywhere in it.
        """
        for judge in self._judges:
            if judge.scan.tree.find(path) is not None:
                return Known(judge, is_whole=True)
        best: Known | None = None
        for root in _contexts(path):
            known = self._judge(root, None if root == path else _PATIENCE)
            if known is None:
                continue
            holds = known.judge.scan.tree.find(path) is not None
            if known.is_whole and holds:
                self._judges.append(known.judge)
                return known
            if best is None or holds:
                best = Known(known.judge, is_whole=False)
        return best

    def _judge(self, root: bytes, patience: float | None) -> Known | None:
        """Walk and judge a directory; ``is_whole`` says whether that came to its end in time."""
        try:
            scan = finish(lambda: open_scan(root, ScanOptions(triggers=self._book.triggers)))
        except ScanError:
            return None
        judge = Judge(scan, self._book, self._settings)
        scan.start()
        judge.start()
        deadline = None if patience is None else time.monotonic() + patience
        try:
            while not judge.wait(_TICK):
                check_alive(judge)
                self._line.show(f"Judging what lies in {display_path(root)}")
                if deadline is not None and time.monotonic() > deadline:
                    judge.stop()
                    scan.cancel()
                    return Known(judge, is_whole=False)
        except BaseException:
            judge.stop()
            scan.cancel()
            raise
        return Known(judge, is_whole=True)


def _contexts(path: bytes) -> Iterator[bytes]:
    """Yield the directory two levels above, the one above, and the path itself when it is a directory."""
    parent = os.path.dirname(path)
    above = os.path.dirname(parent)
    is_directory = os.path.isdir(path) and not os.path.islink(path)
    if above not in (parent, b"/"):
        yield above
    if parent != path and (parent != b"/" or not is_directory):
        yield parent
    if is_directory:
        yield path
