"""The judge as the screen sees it from the first frame on, while rules are still to be read.

Importing the judge and reading the catalogue takes 70 ms, for which neither first frame nor scan waits.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dusk.rules.finding import Finding
    from dusk.rules.judge import Judge
    from dusk.rules.rulebook import RuleBook
    from dusk.scan.scanner import Scan
    from dusk.settings import Settings


class LateJudge:
    """Stands in for a judge until there is one; knows nothing till then."""

    def __init__(self, scan: Scan, settings: Settings) -> None:
        """Prepare nothing yet; the scan awaits a report of what the rules want to hear of."""
        self.say: Callable[[str], None] = lambda _: None
        """Told what is wrong in the user's rules."""
        self._settings = settings
        self._scan = scan
        self._judge: Judge | None = None
        self._failure = ""
        self._stopped = False

    def start(self) -> None:
        """Read the rules and begin to judge; returns at once."""
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

            book = self._read_rules()
            if book is None:
                return
            self._scan.report(book.triggers)
            judge = Judge(self._scan, book, self._settings)
            if not self._stopped:
                judge.start()
            self._judge = judge
        except Exception as error:  # without a judge the screen goes on and says so
            self._failure = f"{type(error).__name__}: {error}"
            raise

    def _read_rules(self) -> RuleBook | None:
        try:
            from dusk.rules.rulebook import RuleBook

            book = RuleBook.load()
        except Exception as error:  # sizes are still worth seeing without; the screen says so
            self._failure = f"{type(error).__name__}: {error}"
            return None
        for problem in book.problems:
            self.say(f"Rule left out: {problem}")
        return book
