"""Whether a running program has something open, asked within a budget of time."""

from __future__ import annotations

import time
from dataclasses import dataclass

from dusk.fs.command_lines import CommandLines
from dusk.fs.names import display_name
from dusk.rules.facts import Facts
from dusk.rules.probe import CannotTellError

_BUDGET = 30.0  # seconds for all questions about one scan
_SAMPLE = 256  # files below a directory that are asked
_AT_ONCE = 0.25  # seconds in one go; the rest waits, so that findings are shown meanwhile


@dataclass(frozen=True, slots=True)
class Holding:
    """Whether a process has something open."""

    state: str
    """``free``, ``held`` or ``unknown``."""
    sentence: str = ""
    """Who holds it, or why nobody can tell."""


_FREE = Holding("free", "No running program has it open.")
_UNTOLD = "Whether a program has it open cannot be told"


class HoldDesk:
    """Answers whether a running program has something open, and remembers the answers."""

    def __init__(self, facts: Facts) -> None:
        """Begin with nothing asked."""
        self._facts = facts
        self._known: dict[int, Holding] = {}
        self._spent = 0.0
        self._now = 0.0
        self._lines: CommandLines | None = None
        self.is_waiting = False
        """Whether a question was put off."""

    def forget(self) -> None:
        """Ask again from now on."""
        self._known.clear()
        self._lines = None
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
        from dusk.fs.holders import hold_report

        path, patience = self._facts.path(index), self._facts.prober.timeout
        # The scan knows which files to ask about: looking at all of them once more would take as long again.
        files = [self._facts.relative(file, index) for file in self._facts.tree.prominent(index, _SAMPLE)]
        try:
            report = self._facts.prober.run(
                lambda: hold_report(path, files=files, timeout=patience), timeout=2 * patience
            )
        except CannotTellError as error:
            return Holding("unknown", f"dusk cannot tell whether a program has it open: {error}.")
        reason = report.reason[:1].upper() + report.reason[1:]
        if report.state.name == "HELD":
            return Holding("held", f"{reason or 'A running program has it open'}.")
        told = self._told(path)
        if told is not None:
            return Holding("held", told)
        return _FREE if report.state.name == "FREE" else Holding("unknown", f"{_UNTOLD}: {report.reason}.")

    def _told(self, path: bytes) -> str | None:
        """Say which running program was started with a path: it may open it at any time."""
        try:
            if self._lines is None:
                prober = self._facts.prober
                self._lines = prober.run(CommandLines.read, timeout=2 * prober.timeout)
        except CannotTellError:
            return None
        named = self._lines.naming(path)
        if named is None:
            return None
        return f"{display_name(named.command)} (process {named.pid}) was started with it and runs."
