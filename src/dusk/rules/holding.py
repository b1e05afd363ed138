"""Whether a running program has something open, asked within a budget of time."""

from __future__ import annotations

import time
from dataclasses import dataclass

from dusk.rules.facts import Facts
from dusk.rules.probe import CannotTellError

_BUDGET = 30.0  # seconds for all questions about one scan
_AT_ONCE = 0.25  # seconds in one go; the rest waits, so that findings are shown meanwhile


@dataclass(frozen=True, slots=True)
class Holding:
    """Whether a process has something open."""

    state: str
    """``free``, ``held`` or ``unknown``."""
    sentence: str = ""
    """Who holds it, or why nobody can tell."""


class HoldDesk:
    """Answers whether a running program has something open, and remembers the answers."""

    def __init__(self, facts: Facts) -> None:
        """Begin with nothing asked."""
        self._facts = facts
        self._known: dict[int, Holding] = {}
        self._spent = 0.0
        self._now = 0.0
        self.is_waiting = False
        """Whether a question was put off."""

    def forget(self) -> None:
        """Ask again from now on."""
        self._known.clear()
        self._spent = 0.0

    def begin(self) -> None:
        """Begin another round of questions."""
        self._now = 0.0
        self.is_waiting = False

    @property
    def spent_now(self) -> float:
        """Seconds that this round took, mostly waiting for the kernel."""
        return self._now

    def ask(self, index: int) -> Holding | None:
        """Return whether a process holds the entry or something below it; None to be asked again later."""
        known = self._known.get(index)
        if known is None:
            if self._now > _AT_ONCE:
                self.is_waiting = True
                return None
            started = time.monotonic()
            known = self._known[index] = self._ask(index)
            spent = time.monotonic() - started
            self._now += spent
            self._spent += spent
        return known

    def _ask(self, index: int) -> Holding:
        if self._spent > _BUDGET:
            return Holding("unknown", "dusk stopped asking who has files open: it took too long.")
        try:
            from dusk.fs.holders import hold_report
        except ImportError:
            return Holding("unknown", "dusk cannot see here which files are open.")
        path = self._facts.path(index)
        try:
            report = self._facts.prober.run(lambda: hold_report(path, sample=256, timeout=2.0), timeout=4.0)
        except CannotTellError as error:
            return Holding("unknown", f"dusk cannot tell whether a program has it open: {error}.")
        reason = report.reason[:1].upper() + report.reason[1:]
        if report.state.name == "HELD":
            return Holding("held", f"{reason or 'A running program has it open'}.")
        if report.state.name == "FREE":
            return Holding("free", "No running program has it open.")
        return Holding("unknown", f"Whether a program has it open cannot be told: {report.reason}.")
