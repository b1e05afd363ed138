"""The judge as the screen sees it from the first frame on, while rules are still being read.

Importing the judge and reading the catalogue takes 70 ms; nothing is scanned yet that could be judged.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dusk.rules.finding import Finding
    from dusk.rules.judge import Judge
    from dusk.rules.rulebook import RuleBook
    from dusk.scan.scanner import Scan, Triggers
    from dusk.settings import Settings


class LateJudge:
    """Stands in for a judge until there is one; knows nothing till then."""

    def __init__(self, settings: Settings) -> None:
        """Prepare nothing yet."""
        self.say: Callable[[str], None] = lambda _: None
        """Told what is wrong in the user's rules."""
        self._settings = settings
        self._scan: Scan | None = None
        self._book: RuleBook | None = None
        self._read = threading.Event()
        self._judge: Judge | None = None
        self._failure = ""
        self._stopped = False

    def triggers(self) -> Triggers:
        """Read the rules and return what they want to hear of; called by the scanning thread."""
        try:
            from dusk.rules.rulebook import RuleBook

            book = RuleBook.load()
        except Exception as error:  # without rules the sizes are still worth seeing; the screen says so
            from dusk.scan.scanner import Triggers

            self._failure = f"{type(error).__name__}: {error}"
            self._read.set()
            return Triggers()
        for problem in book.problems:
            self.say(f"Rule left out: {problem}")
        self._book = book
        self._read.set()
        return book.triggers

    def follow(self, scan: Scan) -> None:
        """Say what to judge; the scan was opened with ``triggers``."""
        self._scan = scan

    def start(self) -> None:
        """Begin to judge as soon as the rules are read; returns at once."""
        threading.Thread(target=self._begin, name="dusk-judge-begin", daemon=True).start()

    def stop(self) -> None:
        """Ask it to end; returns at once."""
        self._stopped = True
        if self._judge is not None:
            self._judge.stop()

    def findings(self) -> tuple[Finding, ...]:
        """Return all findings, best first, what to keep last."""
        return self._judge.findings() if self._judge is not None else ()

    @property
    def revision(self) -> int:
        """A number that grows with every change of the findings."""
        return self._judge.revision if self._judge is not None else 0

    @property
    def finished(self) -> bool:
        """Whether the scan has ended and all of it is judged."""
        return self._judge is not None and self._judge.finished

    @property
    def failure(self) -> str:
        """Why judging ended early; empty when it did not."""
        return self._failure or (self._judge.failure if self._judge is not None else "")

    @property
    def real(self) -> Judge | None:
        """The judge itself, None until there is one."""
        return self._judge

    def finding_for(self, index: int) -> Finding | None:
        """Return the finding about exactly this entry."""
        return self._judge.finding_for(index) if self._judge is not None else None

    def keeps_below(self, index: int) -> tuple[bytes, ...]:
        """Return at most 20 paths at or below an entry that a rule keeps."""
        return self._judge.keeps_below(index) if self._judge is not None else ()

    def _begin(self) -> None:
        try:
            from dusk.rules.judge import Judge

            self._read.wait()
            if self._book is None:
                return
            assert self._scan is not None
            judge = Judge(self._scan, self._book, self._settings)
            if not self._stopped:
                judge.start()
            self._judge = judge
        except Exception as error:  # without a judge the screen goes on and says so
            self._failure = f"{type(error).__name__}: {error}"
            raise
