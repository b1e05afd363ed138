"""A box that nobody tidied, judged as a whole: what people made stays, whatever its name and neighbours."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from dusk.actions.executor import Executor
from dusk.actions.journal import Journal
from dusk.actions.outcome import ItemState
from dusk.actions.review import review_plan
from dusk.actions.undo import undo_batch
from dusk.fs.protected import Protection
from dusk.plan.choice import step_for_offer
from dusk.plan.plan import Plan
from dusk.rules.finding import Action, Finding, Offer
from dusk.rules.judge import Judge
from dusk.rules.safety import Safety
from dusk.scan.tree import ROOT

from .messy_home import MessyHome, build_messy_home
from .trees import DAY, judge, set_age

GOES = (Safety.SAFE, Safety.COSTLY)


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MessyHome]:
    top = tmp_path_factory.mktemp("box")
    yield build_messy_home(top)
    (top / "work/read-only").chmod(0o755)


@pytest.fixture(scope="module")
def judged(box: MessyHome) -> Judge:
    return judge(box.top)


def covers(above: bytes, path: bytes) -> bool:
    return path == above or path.startswith(above + b"/")


def shown(box: MessyHome, finding: Finding, *paths: bytes) -> str:
    return f"{finding.rule} ({finding.safety.value}): " + " ".join(
        repr(os.path.relpath(path, os.fsencode(box.top))) for path in paths
    )


def test_nothing_that_a_person_made_is_called_safe_or_costly(box: MessyHome, judged: Judge) -> None:
    own = [os.fsencode(path) for path in box.own]
    wrong = [
        shown(box, finding, path, mine)
        for finding in judged.findings()
        for path in finding.paths
        for mine in own
        if covers(path, mine)
        if finding.safety is Safety.SAFE
        # A download around somebody's file is still a download; only nothing is offered then.
        or (finding.safety is Safety.COSTLY and (finding.offers or path == mine))
    ]
    assert wrong == []


def test_no_offer_reaches_what_a_person_made_but_for_what_a_person_decides(
    box: MessyHome, judged: Judge
) -> None:
    own = [os.fsencode(path) for path in box.own]
    wrong = [
        shown(box, finding, path, mine)
        for finding in judged.findings()
        if finding.safety is not Safety.REVIEW
        for offer in finding.offers
        for path in offer.paths
        for mine in own
        if covers(path, mine) or covers(mine, path)
    ]
    assert wrong == []


def test_no_offer_touches_what_is_kept(box: MessyHome, judged: Judge) -> None:
    kept = [os.fsencode(path) for path in box.kept]
    wrong = [
        shown(box, finding, path, stays)
        for finding in judged.findings()
        for offer in finding.offers
        if offer.action is not Action.DEDUPE
        for path in offer.paths
        for stays in kept
        if covers(path, stays) or covers(stays, path)
    ]
    assert wrong == []


def test_no_offer_overlaps_what_another_finding_keeps(box: MessyHome, judged: Judge) -> None:
    keeps = [(one, path) for one in judged.findings() if one.is_keep for path in one.paths]
    wrong = [
        shown(box, finding, path, stays) + f" kept as {keep.rule}"
        for finding in judged.findings()
        if finding.safety in GOES
        for offer in finding.offers
        for path in offer.paths
        for keep, stays in keeps
        if covers(path, stays) and keep.rule not in ("user-notes", "source-code", "configuration")
    ]
    assert wrong == []


def test_what_tools_left_is_found_all_the_same(box: MessyHome, judged: Judge) -> None:
    said = {path: one.safety.value for one in reversed(judged.findings()) for path in one.paths}
    missed = {
        os.path.relpath(path, box.top): said.get(os.fsencode(path))
        for path, levels in box.junk.items()
        if said.get(os.fsencode(path)) not in levels.split("|")
    }
    assert missed == {}


def test_bytes_are_counted_once(judged: Judge) -> None:
    """What findings and offers count is never more than the outermost of their paths hold."""
    tree = judged.scan.tree
    taken: set[bytes] = set()
    total = 0
    for finding in sorted(judged.findings(), key=lambda one: min(map(len, one.paths))):
        if finding.is_keep or any(covers(path, one) for path in taken for one in finding.paths):
            continue
        taken.update(finding.paths)
        total += finding.disk_size
        for offer in finding.offers:
            assert offer.frees_after_purge <= tree.disk_size(ROOT)
            assert offer.frees_now <= offer.frees_after_purge or offer.action is not Action.TRASH
    assert 0 < total <= tree.disk_size(ROOT)


def test_what_a_running_download_holds_is_not_offered(tmp_path: Path) -> None:
    file = tmp_path / "downloads/llama.safetensors.part"
    file.parent.mkdir()
    file.write_bytes(bytes(40000))
    set_age(file, 90 * DAY)
    assert [one for one in judge(tmp_path).findings() if one.offers]
    with file.open("rb") as held, subprocess.Popen(["sleep", "60"], stdin=held) as process:
        try:
            assert not [one for one in judge(tmp_path).findings() if one.offers]
        finally:
            process.kill()


def everything(top: Path) -> dict[bytes, tuple[object, ...]]:
    found: dict[bytes, tuple[object, ...]] = {}
    for directory, directories, files in os.walk(os.fsencode(top)):
        for name in (*directories, *files):
            path = os.path.join(directory, name)
            status = os.lstat(path)
            found[path] = (status.st_mode, status.st_size, status.st_mtime_ns, status.st_nlink)
    return found


def default_offers(judged: Judge, safety: Safety) -> list[tuple[Finding, Offer]]:
    """Return what a person takes up who says yes to everything; the tools' own commands stay out of it."""
    chosen = []
    for finding in judged.findings():
        mine = [one for one in finding.offers if one.action is not Action.NATIVE]
        if finding.safety is safety and mine:
            chosen.append((finding, mine[0]))
    return chosen


def test_saying_yes_to_everything_safe_and_costly_loses_nothing_of_anybody(tmp_path: Path) -> None:
    box = build_messy_home(tmp_path / "box")
    try:
        before = everything(box.top)
        staying = {os.fsencode(path) for path in (*box.own, *box.kept)}
        journal = Journal.open()
        batches = []
        for safety in GOES:
            judged = judge(box.top)
            plan = Plan()
            for finding, offer in default_offers(judged, safety):
                if not plan.covered(offer.paths[0]):
                    plan = plan.with_step(step_for_offer(judged.scan.tree, finding, offer, judged))
            protection = Protection.load()
            reviewed = review_plan(plan, protection)
            outcome = Executor(journal, protection).run(reviewed.plan)
            assert {result.state for result in outcome.results} <= {ItemState.DONE, ItemState.SKIPPED}, (
                outcome
            )
            assert outcome.batch is not None
            batches.append(outcome.batch)
        after = everything(box.top)
        assert len(before) - len(after) > 20
        assert staying <= after.keys()
        review = [
            path for one in judge(box.top).findings() if one.safety is Safety.REVIEW for path in one.paths
        ]
        assert review
        for batch in reversed(batches):
            undo_batch(journal, batch)
        assert everything(box.top).keys() == before.keys()
    finally:
        (box.top / "work/read-only").chmod(0o755)
