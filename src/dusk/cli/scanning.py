"""Running a scan, and a judge with it, to the end, with one line of progress and an ear for Ctrl-C."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from dusk.cli.background import finish
from dusk.cli.exit_codes import RefusalError
from dusk.cli.output import print_error
from dusk.cli.progress_line import ProgressLine
from dusk.fs.names import display_name, display_path
from dusk.fs.units import count_noun, format_count, format_size
from dusk.scan.entry import EntryFlag
from dusk.scan.scanner import Progress, ScanOptions
from dusk.scan.tree import ROOT

if TYPE_CHECKING:
    from dusk.rules.judge import Judge
    from dusk.rules.rulebook import RuleBook
    from dusk.scan.scanner import Scan
    from dusk.scan.tree import SizeTree
    from dusk.settings import Settings

_TICK = 0.1  # seconds between looks at the progress


def run_scan(
    path: bytes, *, cross: bool = False, threads: int | None = None, meanwhile: Callable[[], object]
) -> Scan:
    """Walk a directory to the end and return the scan; ``meanwhile`` is called once, while it is walked.

    Raises ScanError when it cannot begin, RefusalError when it ended early by itself, and KeyboardInterrupt
    within a tenth of a second of Ctrl-C.
    """
    with ProgressLine() as line:
        scan = _begin(path, ScanOptions(cross=cross, threads=threads))
        scan.start()
        try:
            meanwhile()
        except BaseException:
            scan.cancel()
            raise
        _wait_for_scan(scan, line)
    return scan


def run_judge(
    path: bytes, book: RuleBook, settings: Settings, *, cross: bool = False, threads: int | None = None
) -> Judge:
    """Walk and judge a directory to the end and return the judge; its scan is in ``judge.scan``."""
    with ProgressLine() as line:
        scan = _begin(path, ScanOptions(cross=cross, triggers=book.triggers, threads=threads))
        scan.start()
        # Importing the judge takes longer than a small scan: the walk goes on meanwhile.
        from dusk.rules.judge import Judge

        judge = Judge(scan, book, settings)
        judge.start()
        try:
            _wait_for_scan(scan, line)
            while not judge.wait(_TICK):
                check_alive(judge)
                line.show(f"Judging · {count_noun(len(judge.findings()), 'finding')}")
        except BaseException:
            judge.stop()
            raise
    return judge


def load_rules() -> RuleBook:
    """Read shipped and user rules; what is wrong in a user's file is said on standard error."""
    from dusk.rules.rulebook import RuleBook

    book = RuleBook.load()
    for problem in book.problems:
        print_error(f"{problem}; this rule is left out.")
    return book


def check_alive(judge: Judge) -> None:
    """Raise RefusalError when a judge broke: it would be waited for without end."""
    if judge.failure:
        raise RefusalError(f"judging broke off: {display_name(judge.failure)}")


def unreadable_entries(tree: SizeTree, limit: int) -> list[tuple[bytes, str]]:
    """Return paths that could not be read, with the reason, at most so many; looks only where some are."""
    found: list[tuple[bytes, str]] = []
    pending = [ROOT]
    while pending and len(found) < limit:
        index = pending.pop()
        entry = tree.entry(index)
        if entry.flags & EntryFlag.UNREADABLE:
            found.append((tree.path(index), entry.error))
        if index == ROOT or entry.flags & EntryFlag.PARTIAL:
            pending.extend(reversed(tree.children(index)))
    return found


def _begin(path: bytes, options: ScanOptions) -> Scan:
    from dusk.scan.start import open_scan

    return finish(lambda: open_scan(path, options))


def _wait_for_scan(scan: Scan, line: ProgressLine) -> None:
    try:
        while not scan.wait(_TICK):
            if line.is_due:
                line.show(_progress_text(scan.progress()))
    except KeyboardInterrupt:
        scan.cancel()
        raise
    failure = scan.progress().failure
    if failure:
        raise RefusalError(f"the scan ended early: {failure}")


def _progress_text(progress: Progress) -> str:
    errors = f" · {count_noun(progress.errors, 'error')}" if progress.errors else ""
    return (
        f"Scanning · {format_count(progress.entries)} entries · {format_size(progress.disk_bytes)}"
        f" · {progress.rate:,.0f}/s{errors} · {display_path(progress.current)}"
    )
