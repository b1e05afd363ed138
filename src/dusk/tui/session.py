"""What one run of the app knows: the scan, the judge, the queue, the journal. Screens talk to nothing else.

It knows nothing of Textual, so it can be driven and tested without a terminal.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dusk.scan.entry import Entry, Measure, Sort
from dusk.scan.scanner import Progress, Scan
from dusk.scan.tree import ROOT, SizeTree
from dusk.settings import Settings
from dusk.tui.choices import NOWHERE, Choices, Place, Said
from dusk.tui.glyphs import ASCII, UNICODE, Glyphs
from dusk.tui.journal_keeper import JournalKeeper, Opening, open_and_recover, open_for_looking
from dusk.tui.known_findings import Group, KnownFindings
from dusk.tui.owners import OwnerNames

if TYPE_CHECKING:
    from dusk.actions.journal import Journal
    from dusk.fs.capacity import Capacity
    from dusk.fs.protected import Protection
    from dusk.plan.plan import Plan, PlanTotals
    from dusk.rules.explain import Explanation
    from dusk.rules.finding import Action, ActionOptions, Finding
    from dusk.rules.judge import Judge
    from dusk.rules.safety import Safety
    from dusk.tui.late_judge import LateJudge

# A scan that took longer is worth a question before it is thrown away.
COSTLY_SCAN_SECONDS = 10.0
HEAD_START_SECONDS = 1.5
"""A scan has the processors to itself so long: reading rules and opening the journal take as much of them."""
_DRAWING_SECONDS = 0.03  # what a screen takes to say that the scan has ended
_CAPACITY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Pulse:
    """What the screen looks at on every tick; equal pulses mean that nothing is to be drawn."""

    progress: Progress
    """How far the scan is."""
    tree_revision: int
    """Grows with every change of the tree."""
    judge_revision: int
    """Grows with every change of the findings."""
    judged: bool
    """Whether everything scanned is judged."""
    plan_version: int
    """Grows with every change of the queue."""
    capacity: Capacity | None
    """How full the filesystem is; None until known."""
    names: int
    """Grows when a user's name became known."""


class Session:
    """One scan, looked at and acted on by one person."""

    def __init__(
        self,
        scan: Scan,
        judge: Judge | LateJudge,
        *,
        settings: Settings | None = None,
        protection: Protection | None = None,
        measure: Measure = Measure.DISK,
        read_only: bool = False,
        ascii_only: bool = False,
        archive_directory: bytes = b"",
        clock: Callable[[], float] = time.time,
        open_journal: Opening | None = None,
        look_at_capacity: Callable[[bytes], Capacity | None] | None = None,
    ) -> None:
        """Take over a scan and its judge, neither of them started."""
        self.scan = scan
        self.judge = judge
        self.settings = settings or Settings()
        self.protection = protection
        self.measure = measure
        self.sort = Sort.SIZE
        self.read_only = read_only
        self.archive_directory = archive_directory
        self.clock = clock
        self.choices = Choices(scan.tree, judge)
        self.capacity: Capacity | None = None
        self.owners = OwnerNames()
        self.say_ended: Callable[[], object] = lambda: None
        """Called by some thread when the scan has ended."""
        self.glyphs: Glyphs = ASCII if ascii_only else UNICODE
        self._known = KnownFindings(scan.tree, judge)
        self._judge_failed = False
        self._places: dict[bytes, Place] = {}
        self._notices: list[str] = []
        self._keeper = JournalKeeper(
            open_journal or (open_for_looking if read_only else open_and_recover), self.notice
        )
        self._look_at_capacity = look_at_capacity
        self._stopped = threading.Event()

    # -- the life of a session

    def start(self) -> None:
        """Begin scanning and looking at the filesystem, and soon judging, each in its own daemon thread."""
        threading.Thread(target=self._begin, name="session-begin", daemon=True).start()
        if self._look_at_capacity is not None:
            threading.Thread(target=self._watch_capacity, name="capacity", daemon=True).start()

    def stop(self) -> None:
        """Ask everything to stop; returns at once, also while a mount hangs."""
        self._stopped.set()
        self.scan.cancel()
        self.judge.stop()

    def pulse(self) -> Pulse:
        """Return what may have changed since the last tick; never blocks."""
        return Pulse(
            progress=self.scan.progress(),
            tree_revision=self.tree.revision(ROOT),
            judge_revision=self.judge.revision,
            judged=self.judge.finished,
            plan_version=self.choices.version,
            capacity=self.capacity,
            names=self.owners.revision,
        )

    def notice(self, *sentences: str) -> None:
        """Remember sentences to be said once; from any thread."""
        self._notices.extend(sentences)

    def take_notices(self) -> tuple[str, ...]:
        """Return what happened in the background and should be said once."""
        if self.judge.failure and not self._judge_failed:
            self._judge_failed = True
            self.notice(f"Judging stopped, so findings are missing: {self.judge.failure}")
        notices, self._notices = tuple(self._notices), []
        return notices

    # -- the tree

    @property
    def tree(self) -> SizeTree:
        """The tree of the scan."""
        return self.scan.tree

    @property
    def ascii(self) -> bool:
        """Whether only ASCII characters are drawn."""
        return self.glyphs is ASCII

    def size(self, index: int) -> int:
        """Return the size of an entry in the measure of the session."""
        if self.measure is Measure.APPARENT:
            return self.tree.apparent_size(index)
        return self.tree.disk_size(index)

    def switch_measure(self) -> Measure:
        """Change between disk size and apparent size."""
        self.measure = Measure.DISK if self.measure is Measure.APPARENT else Measure.APPARENT
        return self.measure

    def rescan(self, index: int) -> bytes:
        """Look at a directory on the disk again; return its path."""
        entry = self.tree.entry(index)
        path = self.tree.path(index if entry.is_directory or entry.parent < 0 else entry.parent)
        self.scan.refresh(path)
        return path

    @property
    def is_costly_to_leave(self) -> bool:
        """Whether the scan took so long that leaving deserves a question."""
        return self.scan.progress().seconds > COSTLY_SCAN_SECONDS

    # -- findings

    def findings(self) -> tuple[Finding, ...]:
        """Return all findings, best first."""
        return self._known.all()

    def offered(self) -> tuple[Finding, ...]:
        """Return the findings about what need not be kept, best first."""
        return self._known.offered()

    def families(self) -> tuple[Group, ...]:
        """Return them by family, that of the best first."""
        return self._known.families()

    def levels(self) -> dict[Safety, Group]:
        """Return them by how much losing them would hurt, harmless first."""
        return self._known.levels()

    def findings_below(self, index: int) -> int:
        """Return how many of them are about something below an entry."""
        return self._known.count_below(index)

    def finding_for(self, index: int) -> Finding | None:
        """Return the finding about exactly this entry."""
        return self._known.about(index)

    def explanation(self, index: int) -> Explanation | None:
        """Return what an entry is and whether it may go, also where no rule knows it; None before judging."""
        from dusk.rules.explain import explain
        from dusk.tui.late_judge import LateJudge

        judge = self.judge.real if isinstance(self.judge, LateJudge) else self.judge
        if judge is None or self.tree.is_removed(index):
            return None
        return explain(self.tree.path(index), judge, now=self.clock(), owner_name=self.owner_name)

    def place_of(self, finding: Finding) -> int | None:
        """Return the entry to show for a finding: of the kind it names first, the biggest."""
        present = [entry for entry in finding.entries if entry >= 0 and not self.tree.is_removed(entry)]
        if not present:
            return None
        kind = self.tree.kind(present[0])
        return max((entry for entry in present if self.tree.kind(entry) is kind), key=self.size)

    def finding_around(self, index: int) -> Finding | None:
        """Return the finding about the nearest directory that holds this entry."""
        return self._known.around(index)

    # -- the queue

    @property
    def plan(self) -> Plan:
        """The queue."""
        return self.choices.plan

    @plan.setter
    def plan(self, plan: Plan) -> None:
        self.choices.plan = plan

    def totals(self) -> PlanTotals:
        """Return what the queue adds up to."""
        return self.choices.totals()

    def queue(
        self,
        indexes: Iterable[int],
        action: Action,
        destination: bytes = b"",
        options: ActionOptions | None = None,
    ) -> Said:
        """Queue entries for an action; queueing what is queued for the same action takes it off."""
        if self.read_only:
            return Said("Read-only: nothing can be queued. Start dusk without --read-only to act.", False)
        return self.choices.queue(tuple(indexes), action, self._place_for(action, destination), options)

    def queue_offer(self, finding: Finding, number: int, destination: bytes = b"") -> Said:
        """Queue one offer of a finding, counted from 1."""
        if self.read_only:
            return Said("Read-only: nothing can be queued. Start dusk without --read-only to act.", False)
        from dusk.rules.finding import Action

        return self.choices.queue_offer(finding, number, self._place_for(Action.ARCHIVE, destination))

    def _place_for(self, action: Action, destination: bytes) -> Place:
        from dusk.rules.finding import Action

        directory = destination or self.archive_directory
        if action is not Action.ARCHIVE or not directory:
            return NOWHERE
        if directory not in self._places:
            self._places[directory] = Place.at(directory)
        return self._places[directory]

    def unqueue(self, path: bytes) -> None:
        """Take a path off the queue."""
        self.choices.unqueue(path)

    def acted(self, done: Iterable[bytes], touched: Iterable[bytes] = ()) -> None:
        """Bring the tree and the queue up to date after an action or an undo.

        ``done`` are paths that left the queue's business; ``touched`` are further paths whose directory
        changed, such as the places that things were moved to or restored from.
        """
        done = tuple(done)
        self.choices.settle(done)
        directories = {_directory_of(path) for path in (*done, *touched)}
        for directory in sorted(directories):
            if self.tree.find(directory) is not None:
                self.scan.refresh(directory)

    @property
    def journal(self) -> Journal:
        """The journal, opened and recovered in the background; waits for that to end.

        Raises JournalError when it cannot be used.
        """
        return self._keeper.journal()

    def _begin(self) -> None:
        self.scan.start()
        ended = self.scan.wait(HEAD_START_SECONDS)
        if ended:
            self.say_ended()
            self._stopped.wait(_DRAWING_SECONDS)
        if self._stopped.is_set():
            return  # nobody looks any more
        self.judge.start()
        self._keeper.start()
        if not ended and self.scan.wait():
            self.say_ended()

    def _watch_capacity(self) -> None:
        look = self._look_at_capacity
        while look is not None:
            try:
                self.capacity = look(self.tree.name(ROOT))
            except OSError:
                self.capacity = None
            if self._stopped.wait(_CAPACITY_SECONDS):
                return

    # -- words about entries

    def entry(self, index: int) -> Entry:
        """Return all facts of an entry."""
        return self.tree.entry(index)

    def owner_name(self, owner: int) -> str:
        """Return a user's name, or the number until it is known."""
        return self.owners.name(owner)


def _directory_of(path: bytes) -> bytes:
    return path.rstrip(b"/").rpartition(b"/")[0] or b"/"
