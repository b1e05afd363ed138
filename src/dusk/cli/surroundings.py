"""Judging a path by what lies around it: a checkpoint is the last one only beside the others."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dusk.cli.background import finish
from dusk.cli.progress_line import ProgressLine
from dusk.cli.scanning import check_alive, load_rules
from dusk.fs.locations import home_directory
from dusk.fs.names import display_path
from dusk.practice.marker import is_practice_tree
from dusk.rules.judge import Judge
from dusk.scan.scanner import ScanOptions
from dusk.scan.start import ScanError, open_scan

if TYPE_CHECKING:
    from dusk.settings import Settings

_TICK = 0.1  # seconds between looks at the progress
# What lies around a path is worth a few seconds, and never the walk of a whole disk.
_PATIENCE = 4.0  # for the directory that holds it
_WIDENING = 1.0  # for all wider ones together
_LEVELS = 6


@dataclass(frozen=True, slots=True)
class Known:
    """A judge that looked around a path."""

    judge: Judge
    """The judge; its tree holds the path when anybody's does."""
    is_whole: bool
    """Whether it had the time to look at all of it."""


class Surroundings:
    """Finds and keeps the judges that know the paths of one command line."""

    def __init__(self, settings: Settings, line: ProgressLine, *, patience: float | None = None) -> None:
        """Begin with none; ``patience`` limits the seconds spent on a path too big to judge quickly."""
        self._patience = patience
        self._settings = settings
        self._line = line
        self._book = load_rules()
        self._judges: list[Judge] = []

    def judge_of(self, path: bytes) -> Known | None:
        """Return the judge that knows most of a path; None when nothing around it can be read.

        The directory that holds it is judged first, then wider and wider ones for as long as that is
        quick. Where even the first is too big, the path itself is walked whole, because what must be
        kept can lie anywhere in it.
        """
        for judge in self._judges:
            if judge.scan.tree.find(path) is not None:
                return Known(judge, is_whole=True)
        best: Known | None = None
        limit = time.monotonic() + _PATIENCE
        for root in _widening(path):
            known = self._judge(root, limit)
            if known is None or not known.is_whole:
                best = best or known
                break
            best = known
            limit = min(limit, time.monotonic() + _WIDENING) if root == os.path.dirname(path) else limit
        if (best is None or not best.is_whole) and _is_directory(path):
            deeper = None if self._patience is None else time.monotonic() + self._patience
            best = self._judge(path, deeper) or best
        if best is not None and best.is_whole:
            self._judges.append(best.judge)
        return best

    def _judge(self, root: bytes, limit: float | None) -> Known | None:
        """Walk and judge a directory; ``is_whole`` says whether that came to its end in time."""
        try:
            scan = finish(lambda: open_scan(root, ScanOptions(triggers=self._book.triggers)))
        except ScanError:
            return None
        judge = Judge(scan, self._book, self._settings)
        scan.start()
        judge.start()
        try:
            while not judge.wait(_TICK):
                check_alive(judge)
                self._line.show(f"Judging what lies in {display_path(root)}")
                if limit is not None and time.monotonic() > limit:
                    judge.stop()
                    scan.cancel()
                    return Known(judge, is_whole=False)
        except BaseException:
            judge.stop()
            scan.cancel()
            raise
        return Known(judge, is_whole=True)


def _widening(path: bytes) -> Iterator[bytes]:
    """Yield the directory that holds a path, the one above that, and so on to the widest that makes sense."""
    home = home_directory()
    root = os.path.dirname(path)
    for _ in range(_LEVELS):
        yield root
        above = os.path.dirname(root)
        # What lies beside a practice tree, a home or a mount says nothing about what is in it.
        if above in (b"/", root) or root == home or is_practice_tree(root) or os.path.ismount(root):
            return
        if _is_shared(above):
            return
        root = above


def _is_shared(path: bytes) -> bool:
    """Return whether a directory is everybody's, as ``/tmp`` is."""
    try:
        return bool(os.stat(path).st_mode & stat.S_ISVTX)
    except OSError:
        return True


def _is_directory(path: bytes) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)
