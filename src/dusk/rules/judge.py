"""The judge: a thread that follows a scan and says what things are, while it still runs."""

from __future__ import annotations

import gc
import sys
import threading
import time

from dusk.rules.ages import Ages
from dusk.rules.facts import Facts
from dusk.rules.finding import Finding
from dusk.rules.holding import HoldDesk
from dusk.rules.keeping import KeepIndex, Kept
from dusk.rules.naming import ReferenceDesk
from dusk.rules.probe import Prober
from dusk.rules.recognition import Recognition
from dusk.rules.retention import Policies
from dusk.rules.rulebook import RuleBook
from dusk.rules.settlement import Judgement, Settlement
from dusk.rules.sighting import Sighting
from dusk.scan.entry import Measure
from dusk.scan.scanner import Scan
from dusk.scan.tree import ROOT
from dusk.settings import Settings

_SLICE = 0.002  # seconds of work before other threads get their turn
_HITS_AT_ONCE = 1024
_DIRECTORIES_AT_ONCE = 4096
_REST = 0.0005
_LOOK = 0.02  # seconds between two looks at a scan that runs: each takes a processor from it for a moment
_IDLE_FIRST, _IDLE_LAST = 0.001, 0.05  # the first look after the last work comes soon, later ones seldom
_TURN = 0.0005  # seconds after which the interpreter takes its lock from a thread that others wait for
_SETTLE_EVERY = 0.3  # and never more than a tenth of the time is spent on weighing


class Judge:
    """Follows one scan and holds its findings. Everything public may be called from any thread."""

    def __init__(self, scan: Scan, book: RuleBook, settings: Settings, patience: float = 2.0) -> None:
        """Prepare to judge, with so many seconds for a filesystem to answer one question; `start` begins."""
        self.scan = scan
        self.book = book
        self.settings = settings
        root = scan.tree.path(ROOT)
        self._prober = Prober(root, patience)
        ages = Ages.from_thresholds(settings.thresholds)
        self.facts = Facts(
            scan.tree,
            ages,
            self._prober,
            _measure_for(root),
            places=book.places,
            retention=Policies.build(book.rules, settings.retention, ages),
        )
        self._references = ReferenceDesk(self.facts)
        self._holds = HoldDesk(self.facts)
        self._recognition = Recognition(self.facts, book, self._references)
        self._settlement = Settlement(self.facts, book, self._references, self._holds, settings)
        self._judgement = Judgement((), {}, KeepIndex(scan.tree))
        self._seen: dict[int, list[Sighting | Kept]] = {}
        self._hits = 0
        self._completed = 0
        self._waiting: list[int] = []
        self._dirty = True
        self._next_settlement = 0.0
        self._revision = 0
        self._stopped = threading.Event()
        self._caught_up = threading.Event()
        self.failure = ""
        """Why judging ended early; empty when it did not."""

    def start(self) -> None:
        """Begin judging in a daemon thread; returns at once."""
        threading.Thread(target=self._run, name="dusk-judge", daemon=True).start()

    def stop(self) -> None:
        """Ask the thread to end; returns at once."""
        self._stopped.set()

    def findings(self) -> tuple[Finding, ...]:
        """Return all findings, best first, what to keep last."""
        return self._judgement.findings

    @property
    def revision(self) -> int:
        """A number that grows with every change of the findings."""
        return self._revision

    @property
    def finished(self) -> bool:
        """Whether the scan has ended and all of it is judged."""
        return self._caught_up.is_set() and self._has_caught_up()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until all of the scan is judged; return whether it is."""
        end = None if timeout is None else time.monotonic() + timeout
        while not self.finished and not self._stopped.is_set():
            left = _IDLE_LAST if end is None else min(_IDLE_LAST, end - time.monotonic())
            if left <= 0:
                return False
            if self._caught_up.wait(left):
                time.sleep(_IDLE_FIRST)  # it had caught up, but there is more since
        return self.finished

    @property
    def faults(self) -> tuple[str, ...]:
        """Inspectors that failed on something; the rest went on."""
        return tuple(self._recognition.faults)

    def finding_for(self, index: int) -> Finding | None:
        """Return the finding about exactly this entry."""
        return self._judgement.by_entry.get(index)

    def keeps_below(self, index: int) -> tuple[bytes, ...]:
        """Return at most 20 paths at or below an entry that a rule keeps."""
        return self._judgement.keeps.paths_below(index)

    def _run(self) -> None:
        # Weighing a big disk takes longer than a key may wait for its answer.
        sys.setswitchinterval(min(sys.getswitchinterval(), _TURN))
        idle = _IDLE_FIRST
        try:
            while not self._stopped.is_set():
                is_more = self._work()
                if self._dirty and (self._is_time_to_settle() or self._has_caught_up()):
                    self._settle()
                if not self._dirty and self._has_caught_up():
                    self._caught_up.set()
                if not is_more and self.scan.progress().finished:
                    time.sleep(idle)
                    idle = min(idle * 2, _IDLE_LAST)
                    continue
                idle = _IDLE_FIRST
                if is_more:
                    time.sleep(_REST)
                else:
                    self.scan.wait(_LOOK)  # whoever waits for the judge hears of the end of the scan at once
        except Exception as error:  # a judge that dies must not take the screen with it
            self.failure = f"{type(error).__name__}: {error}"
            self._stopped.set()
            raise
        finally:
            self._prober.close()

    def _work(self) -> bool:
        """Judge for one slice of time; return whether there is more to do."""
        end = time.perf_counter() + _SLICE
        while time.perf_counter() < end and not self._stopped.is_set():
            if self._waiting:
                self._judge_directory(self._waiting.pop())
                continue
            # The hits of a complete directory were reported before it: so they are looked at first.
            completed = len(self.scan.completed)
            hits = len(self.scan.hits)
            if self._hits < hits:
                stop = min(hits, self._hits + _HITS_AT_ONCE)
                self._recognition.hear(self.scan.hits[self._hits : stop])
                self._hits = stop
                if stop < hits:
                    continue
            if self._completed >= completed:
                return False
            self._caught_up.clear()
            stop = min(completed, self._completed + _DIRECTORIES_AT_ONCE)
            chunk = self.scan.completed[self._completed : stop]
            self._waiting = self._recognition.interesting(chunk)[::-1]
            self._completed = stop
        return True

    def _judge_directory(self, directory: int) -> None:
        again = self._seen.pop(directory, None)
        found = [] if self.scan.tree.is_removed(directory) else list(self._recognition.recognise(directory))
        if found:
            self._seen[directory] = found
        if found or again or directory == ROOT:
            self._dirty = True
        if again is not None:
            self._holds.forget()

    def _has_caught_up(self) -> bool:
        scan = self.scan
        finished = scan.progress().finished and scan.refreshes_pending == 0
        return (
            finished
            and not self._waiting
            and self._completed >= len(scan.completed)
            and self._hits >= len(scan.hits)
        )

    def _is_time_to_settle(self) -> bool:
        return time.monotonic() >= self._next_settlement

    def _settle(self) -> None:
        started = time.monotonic()
        self._dirty = False
        sightings: list[Sighting] = []
        kept: list[Kept] = []
        for found in self._seen.values():
            for one in found:
                if isinstance(one, Kept):
                    kept.append(one)
                else:
                    sightings.append(one)
        judgement = self._settlement.settle(sightings, kept)
        if judgement.findings != self._judgement.findings:
            self._revision += 1
        self._judgement = judgement
        # What was found stays. Looking through all of it for garbage again and again would hold up the
        # screen, 13 ms for three thousand models; what is replaced goes by itself.
        gc.freeze()
        # What had to wait is asked again; waiting for answers about open files costs nobody anything.
        self._dirty = self._dirty or self._settlement.is_waiting
        spent = time.monotonic() - started - self._holds.spent_now
        self._next_settlement = time.monotonic() + max(_SETTLE_EVERY, 9 * spent)


def _measure_for(root: bytes) -> Measure:
    """Return the measure that faces use by default: practice files are sparse."""
    try:
        from dusk.practice.marker import is_practice_tree

        return Measure.APPARENT if is_practice_tree(root) else Measure.DISK
    except (ImportError, OSError):
        return Measure.DISK
