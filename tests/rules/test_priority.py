"""What comes first, and what is called critical, worth doing or tidy-up."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dusk.rules.finding import Action, Finding, Offer
from dusk.rules.priority import Scale
from dusk.rules.safety import Safety
from dusk.rules.severity import Severity
from dusk.scan.entry import Measure

from .trees import DAY, judge, model, of, put

MIB = 1024**2
GIB = 1024**3
BOX = Scale(Measure.DISK, scanned=4 * GIB, filesystem=100 * GIB)
SERVER = Scale(Measure.DISK, scanned=4000 * GIB, filesystem=8000 * GIB)


def finding(size: int, safety: Safety = Safety.REVIEW, *, offered: bool = True, frees: int = -1) -> Finding:
    freed = size if frees < 0 else frees
    offer = Offer(Action.TRASH, "Trash it", (b"/x",), size, size, 0, freed)
    return Finding(
        "rule", "Title", "family", "tag", (b"/x",), (1,), safety, "", (), "", "", "", size, size, 0, 0,
        offers=(offer,) if offered else (),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("scale", "size", "safety", "severity"),
    [
        (BOX, 861 * MIB, Safety.REVIEW, Severity.CRITICAL),  # stuck queue files
        (BOX, 1200 * MIB, Safety.REVIEW, Severity.CRITICAL),  # an old standalone checkpoint
        (BOX, 230 * MIB, Safety.REVIEW, Severity.WORTH_DOING),
        (BOX, 147 * MIB, Safety.COSTLY, Severity.WORTH_DOING),
        (BOX, 488 * 1024, Safety.SAFE, Severity.TIDY_UP),  # bytecode
        (BOX, 100 * GIB, Safety.KEEP, Severity.NONE),
        (SERVER, 861 * MIB, Safety.REVIEW, Severity.TIDY_UP),
        (SERVER, 6 * GIB, Safety.SAFE, Severity.WORTH_DOING),
        (SERVER, 100 * GIB, Safety.REVIEW, Severity.CRITICAL),
        (Scale(Measure.DISK, 4000 * GIB, 100 * GIB), 9 * GIB, Safety.SAFE, Severity.CRITICAL),
    ],
)
def test_severity_follows_from_bytes_share_and_safety(
    scale: Scale, size: int, safety: Safety, severity: Severity
) -> None:
    assert scale.severity(finding(size, safety)) is severity


def test_what_nothing_can_be_done_about_is_not_critical() -> None:
    assert BOX.severity(finding(3 * GIB, offered=False)) is Severity.WORTH_DOING


def test_bytes_that_stay_because_of_other_links_do_not_count() -> None:
    assert BOX.severity(finding(3 * GIB, frees=12288)) is Severity.TIDY_UP


def test_the_order_is_by_what_comes_free_weighted_by_safety() -> None:
    little_safe, big_review = finding(400 * MIB, Safety.SAFE), finding(1000 * MIB, Safety.REVIEW)
    huge_review, kept = finding(2 * GIB, Safety.REVIEW), finding(9 * GIB, Safety.KEEP)
    unoffered = finding(9 * GIB, Safety.SAFE, offered=False)
    everything = [kept, unoffered, big_review, little_safe, huge_review]
    assert sorted(everything, key=BOX.order) == [huge_review, little_safe, big_review, unoffered, kept]


def test_findings_of_a_scan_carry_their_severity(tmp_path: Path) -> None:
    big = model(tmp_path / "models" / "merged_old")
    put(big / "model.safetensors", os.urandom(1024), size=2 * GIB)
    put(tmp_path / "app" / "main.py")
    put(tmp_path / "app" / "__pycache__" / "main.cpython-311.pyc", age=30 * DAY)
    judged = judge(tmp_path)
    assert {one.severity for one in of(judged, "python-bytecode")} == {Severity.TIDY_UP}
    assert all(one.severity is Severity.NONE for one in judged.findings() if one.is_keep)
