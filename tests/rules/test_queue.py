"""Queues of files: what failed, what is stuck, and what only has such names."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dusk.rules.safety import Safety

from .trees import DAY, judge, names, of, offered, only, put

HOUR = 3600.0


def queue(where: Path) -> Path:
    for stage in ("failed", "processing", "recently_completed", "normal"):
        (where / stage).mkdir(parents=True)
    return where


def test_failed_and_stuck_files_are_found_and_finished_ones_are_not(tmp_path: Path) -> None:
    where = queue(tmp_path / "queue")
    put(where / "failed" / "syllo_autogen_20251122_034348_count100000.jsonl", size=900, age=8 * HOUR)
    put(where / "failed" / "syllo_autogen_20251122_035104_count100000.jsonl", size=900, age=8 * HOUR)
    put(where / "processing" / "syllo_autogen_20251122_035757_count100000.jsonl", size=900, age=8 * HOUR)
    put(where / "recently_completed" / "done.jsonl", size=900, age=8 * HOUR)
    put(where / "normal" / "next.jsonl", size=900, age=8 * HOUR)
    judged = judge(tmp_path)
    failed, stuck = only(judged, "queue-failed"), only(judged, "queue-stuck")
    assert len(failed.paths) == 2 and len(stuck.paths) == 1
    assert failed.safety is Safety.REVIEW and stuck.safety is Safety.REVIEW
    assert any("200,000 examples" in sentence for sentence in failed.evidence)
    assert any("8 h ago" in sentence for sentence in stuck.evidence)
    assert not any(path.startswith(("queue/recently", "queue/normal")) for path in offered(judged, tmp_path))


def test_lines_are_estimated_where_the_name_does_not_say_them(tmp_path: Path) -> None:
    where = queue(tmp_path / "queue")
    put(where / "failed" / "batch.jsonl", b'{"a": 1}\n' * 1000, age=DAY)
    finding = only(judge(tmp_path), "queue-failed")
    assert any("About 1,000 lines" in sentence for sentence in finding.evidence)


@pytest.mark.parametrize(("age", "found"), [(30 * 60.0, False), (2 * HOUR, True)])
def test_a_file_in_processing_is_stuck_only_after_a_while(tmp_path: Path, age: float, found: bool) -> None:
    put(queue(tmp_path / "queue") / "processing" / "a.jsonl", size=900, age=age)
    assert bool(of(judge(tmp_path), "queue-stuck")) is found


def test_the_threshold_is_a_setting(tmp_path: Path) -> None:
    put(queue(tmp_path / "queue") / "processing" / "a.jsonl", size=900, age=30 * 60)
    assert of(judge(tmp_path, stuck_after="10min"), "queue-stuck")


def test_a_file_that_a_worker_has_open_is_not_offered(tmp_path: Path) -> None:
    file = put(queue(tmp_path / "queue") / "processing" / "a.jsonl", size=900, age=9 * HOUR)
    program = "import sys; f=open(sys.argv[1]); print(1,flush=True); sys.stdin.read()"
    worker = subprocess.Popen(
        [sys.executable, "-c", program, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert worker.stdout is not None and worker.stdout.readline()
        judged = judge(tmp_path)
    finally:
        worker.communicate()
    assert not offered(judged, tmp_path)
    assert only(judged, "queue-stuck").is_keep


def test_mail_brokers_source_and_signal_processing_are_no_queues(tmp_path: Path) -> None:
    for place in ("mail/maildir/queue", "celery/queue", "postfix/queue"):
        put(queue(tmp_path / place) / "failed" / "a.json", age=DAY)
    put(queue(tmp_path / "src" / "queue") / "failed" / "handler.py", age=DAY)
    put(tmp_path / "src" / "queue" / "failed" / "cases.json", age=DAY)
    put(tmp_path / "audio" / "processing" / "take.json", age=DAY)
    put(tmp_path / "queue" / "failed" / "lonely.jsonl", age=DAY)
    assert not offered(judge(tmp_path), tmp_path)


def test_directories_and_links_in_a_stage_are_left_alone(tmp_path: Path) -> None:
    where = queue(tmp_path / "queue")
    put(where / "failed" / "deep.jsonl" / "inner.jsonl", age=DAY)
    (where / "failed" / "link.jsonl").symlink_to("/etc/hostname")
    assert not offered(judge(tmp_path), tmp_path)


def test_old_status_files_are_offered_and_the_newest_stay(tmp_path: Path) -> None:
    for number in range(120):
        put(
            tmp_path / "status" / f"training_status_{20251000 + number}.json",
            f'{{"timestamp": 1, "step": {number}}}',
            age=number * DAY / 4,
        )
    finding = only(judge(tmp_path), "status-log-pile")
    assert len(finding.paths) == 92
    assert "status/training_status_20251000.json" not in names(finding, tmp_path)
    assert {offer.action.value for offer in finding.offers} == {"rotate", "archive", "trash"}


def test_annotations_and_different_files_are_no_status_pile(tmp_path: Path) -> None:
    for number in range(80):
        put(tmp_path / "annotations" / f"image_{number}.json", '{"boxes": []}')
        put(tmp_path / "status" / f"status_{number}.json", f'{{"key{number}": 1}}')
    assert not offered(judge(tmp_path), tmp_path)
