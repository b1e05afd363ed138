"""Judging a path by what lies around it: a checkpoint is the last one only beside the others."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from dusk.cli.background import finish
from dusk.cli.progress_line import ProgressLine
from dusk.cli.scanning import check_alive
from dusk.fs.names import display_path
from dusk.rules.judge import Judge
from dusk.rules.rulebook import RuleBook
from dusk.scan.scanner import ScanOptions
from dusk.scan.start import ScanError, open_scan

if TYPE_CHECKING:
    from dusk.settings import Settings

_TICK = 0.1  # seconds between looks at the progress
# What lies around a path is worth a few seconds, and never the walk of a whole disk.
_PATIENCE = 4.0


class Surroundings:
    """Finds and keeps the judges that know the paths of one command line."""

    def __init__(self, settings: Settings, line: ProgressLine) -> None:
        self._settings = settings
        self._line = line
        self._book = RuleBook.load()
        self._judges: list[Judge] = []

    def judge_of(self, path: bytes) -> tuple[Judge, int] | None:
        """Return a judge that knows a path, and the path's index in its tree; None when nobody can tell.

        The directories around are tried from the wider to the narrower, each for a few seconds; the
        path itself is walked whole, because what must be kept can lie anywhere in it.
        """
        for judge in self._judges:
            index = judge.scan.tree.find(path)
            if index is not None:
                return judge, index
        partial: tuple[Judge, int] | None = None
        for root in _contexts(path):
            judged = self._judge(root, None if root == path else _PATIENCE)
            if judged is None:
                continue
            judge, whole = judged
            index = judge.scan.tree.find(path)
            if whole and index is not None:
                self._judges.append(judge)
                return judge, index
            if index is not None:
                partial = judge, index
        return partial

    def _judge(self, root: bytes, patience: float | None) -> tuple[Judge, bool] | None:
        """Walk and judge a directory; return its judge and whether it came to the end in time."""
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
                    return judge, False
        except BaseException:
            judge.stop()
            scan.cancel()
            raise
        return judge, True


def _contexts(path: bytes) -> Iterator[bytes]:
    """Yield the directory two levels above, the one above, and the path itself when it is a directory."""
    parent = os.path.dirname(path)
    for directory in (os.path.dirname(parent), parent):
        if directory not in (b"", b"/", path):
            yield directory
    if os.path.isdir(path) and not os.path.islink(path):
        yield path
