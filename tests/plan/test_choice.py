"""From entries of a real scan to steps."""

import os
import time
from pathlib import Path

import pytest

from dusk.plan.choice import step_for_entry, step_for_offer
from dusk.plan.document import PlanError
from dusk.rules.finding import Action, Finding, Offer
from dusk.rules.safety import Safety
from dusk.scan.scanner import Scan, ScanOptions
from dusk.scan.start import open_scan


class Judge:
    """What the judge would say, by path."""

    def __init__(
        self, scan: Scan, findings: dict[bytes, Finding], keeps: dict[bytes, tuple[bytes, ...]]
    ) -> None:
        self.tree, self.findings, self.keeps = scan.tree, findings, keeps

    def finding_for(self, index: int) -> Finding | None:
        return self.findings.get(self.tree.path(index))

    def keeps_below(self, index: int) -> tuple[bytes, ...]:
        return self.keeps.get(self.tree.path(index), ())


def make_finding(safety: Safety, title: str, *paths: bytes) -> Finding:
    return Finding(
        rule="r", title=title, family="f", tag="t", paths=paths, entries=(), safety=safety, what="",
        evidence=(), cost="", recover="", command="", apparent_size=0, disk_size=0, shared_size=0,
        newest_mtime_ns=0,
    )  # fmt: skip


@pytest.fixture
def scan(tmp_path: Path) -> Scan:
    (tmp_path / "run/checkpoint-1").mkdir(parents=True)
    (tmp_path / "run/checkpoint-1/optimizer.pt").write_bytes(b"x" * 9000)
    (tmp_path / "run/notes.md").write_text("mine")
    os.link(tmp_path / "run/notes.md", tmp_path / "outside.md")
    scan = open_scan(os.fsencode(tmp_path), ScanOptions())
    scan.start()
    assert scan.wait(20)
    return scan


def index_of(scan: Scan, path: str) -> int:
    index = scan.tree.find(scan.tree.path(0) + path.encode())
    assert index is not None
    return index


def test_an_entry_that_no_rule_knows_is_for_review(scan: Scan) -> None:
    run = index_of(scan, "/run")
    step = step_for_entry(scan.tree, run, Action.TRASH, Judge(scan, {}, {}), b"/cold", destination_device=5)
    (target,) = step.targets
    entry = scan.tree.entry(run)
    assert (target.safety, target.title, target.entries) == (Safety.REVIEW, "", entry.items + 1)
    assert target.identity == entry.identity
    assert [link.links for link in target.linked] == [2]
    assert (step.destination, step.destination_device) == (b"", 0)


def test_an_archive_remembers_where_it_goes(scan: Scan) -> None:
    step = step_for_entry(
        scan.tree, index_of(scan, "/run"), Action.ARCHIVE, Judge(scan, {}, {}), b"/cold", destination_device=5
    )
    assert (step.destination, step.destination_device) == (b"/cold", 5)


def test_what_is_kept_below_travels_along(scan: Scan) -> None:
    path = scan.tree.path(index_of(scan, "/run"))
    kept = (path + b"/notes.md",)
    judge = Judge(scan, {path: make_finding(Safety.REVIEW, "Run", path)}, {path: kept})
    (target,) = step_for_entry(scan.tree, index_of(scan, "/run"), Action.TRASH, judge).targets
    assert (target.title, target.keeps, target.safety) == ("Run", kept, Safety.REVIEW)


def test_a_path_that_is_itself_kept_is_to_keep(scan: Scan) -> None:
    path = scan.tree.path(index_of(scan, "/run/notes.md"))
    judge = Judge(scan, {}, {path: (path,)})
    (target,) = step_for_entry(scan.tree, index_of(scan, "/run/notes.md"), Action.TRASH, judge).targets
    assert target.safety is Safety.KEEP


def test_an_offer_becomes_a_step_of_its_paths_that_are_still_there(scan: Scan) -> None:
    root = scan.tree.path(0)
    path = root + b"/run/checkpoint-1/optimizer.pt"
    finding = make_finding(Safety.COSTLY, "Optimizer state", root + b"/run")
    offer = Offer(Action.TRASH, "Trash it", (path, root + b"/gone"), 1, 1, 0, 1)
    step = step_for_offer(scan.tree, finding, offer, Judge(scan, {}, {}))
    assert [target.path for target in step.targets] == [path]
    assert (step.targets[0].safety, step.targets[0].title) == (Safety.COSTLY, "Optimizer state")
    nothing = Offer(Action.TRASH, "Trash it", (root + b"/gone",), 1, 1, 0, 1)
    with pytest.raises(PlanError, match="Optimizer state"):
        step_for_offer(scan.tree, finding, nothing, Judge(scan, {}, {}))


def test_another_rule_may_only_make_an_offer_more_careful(scan: Scan) -> None:
    root = scan.tree.path(0)
    path = root + b"/run/checkpoint-1"
    offer = Offer(Action.TRASH, "Trash it", (path,), 1, 1, 0, 1)
    finding = make_finding(Safety.COSTLY, "Checkpoint", path)
    for own, expected in ((Safety.SAFE, Safety.COSTLY), (Safety.KEEP, Safety.KEEP)):
        judge = Judge(scan, {path: make_finding(own, "Other", path)}, {})
        assert step_for_offer(scan.tree, finding, offer, judge).targets[0].safety is expected


def test_equal_choices_have_equal_ids(scan: Scan) -> None:
    judge, run = Judge(scan, {}, {}), index_of(scan, "/run")
    one, two = (step_for_entry(scan.tree, run, Action.TRASH, judge) for _ in range(2))
    assert one.id == two.id
    assert step_for_entry(scan.tree, run, Action.ARCHIVE, judge, b"/cold").id != one.id


def test_what_is_gone_is_refused(scan: Scan) -> None:
    run = index_of(scan, "/run/checkpoint-1")
    parent = scan.tree.path(index_of(scan, "/run"))
    path = scan.tree.path(run)
    os.unlink(path + b"/optimizer.pt")
    os.rmdir(path)
    scan.refresh(parent)
    for _ in range(1000):
        if scan.tree.is_removed(run):
            break
        scan.wait(0.01)
        time.sleep(0.01)
    with pytest.raises(PlanError, match="gone"):
        step_for_entry(scan.tree, run, Action.TRASH, Judge(scan, {}, {}))
