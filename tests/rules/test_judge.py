"""The judge's thread: findings while the scan runs, judged again after a change, never caught by a hang."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from pathlib import Path

from dusk.rules.examples import judge_directory
from dusk.rules.judge import Judge
from dusk.rules.probe import CannotTellError, Prober
from dusk.scan.scanner import Progress, Scan, ScanOptions
from dusk.scan.start import open_scan
from dusk.settings import Settings

from .trees import DAY, Hub, book, checkpoint, judge, model, names, of, offered, only, put


class GatedScan:
    """A finished scan whose reports a test lets through one by one."""

    def __init__(self, scan: Scan) -> None:
        self._scan = scan
        self.tree = scan.tree
        self.shown_hits: list[int] = []
        self.shown_completed: list[int] = []
        self.refreshes_pending = 0

    @property
    def hits(self) -> list[int]:
        return self.shown_hits

    @property
    def completed(self) -> list[int]:
        return self.shown_completed

    def progress(self) -> Progress:
        return self._scan.progress()


def scanned(path: Path) -> Scan:
    scan = open_scan(os.fsencode(path), ScanOptions(triggers=book().triggers))
    scan.start()
    assert scan.wait(30)
    return scan


def test_findings_appear_before_the_rest_is_scanned(tmp_path: Path) -> None:
    hub = Hub(tmp_path / "hub")
    hub.blob("models--acme--tiny", "0" * 40, 100)
    hub.snapshot("models--acme--tiny", "a" * 40, {"x": "0" * 40}, "main")
    model(tmp_path / "models" / "merged")
    scan = scanned(tmp_path)
    gated = GatedScan(scan)
    judging = Judge(gated, book(), Settings())  # type: ignore[arg-type]
    judging.start()
    top = scan.tree.find(os.fsencode(hub.path))
    gated.shown_hits += scan.hits
    gated.shown_completed += [index for index in scan.completed if index == top]
    deadline = time.monotonic() + 10
    while not judging.findings() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert {finding.rule for finding in judging.findings()} == {"hf-hub-repository"}
    before = judging.revision
    gated.shown_completed += [index for index in scan.completed if index != top]
    assert judging.wait(10)
    assert {"hf-hub-repository", "model-directory"} <= {finding.rule for finding in judging.findings()}
    assert judging.revision > before
    judging.stop()


def wait_for_refresh(judging: Judge) -> None:
    deadline = time.monotonic() + 10
    while judging.scan.refreshes_pending and time.monotonic() < deadline:
        time.sleep(0.01)
    assert judging.wait(10)


def test_what_was_trashed_is_gone_from_the_findings_after_a_refresh(tmp_path: Path) -> None:
    for step in (1, 2, 3):
        checkpoint(tmp_path / "run", step)
    judging = judge(tmp_path)
    assert names(only(judging, "trainer-old-checkpoint"), tmp_path) == {
        "run/checkpoint-1",
        "run/checkpoint-2",
    }
    before = judging.revision
    shutil.rmtree(tmp_path / "run" / "checkpoint-1")
    judging.scan.refresh(os.fsencode(tmp_path / "run"))
    wait_for_refresh(judging)
    assert judging.revision > before
    # The run changed this very moment, so it may be alive; but what is gone is gone.
    assert all(b"checkpoint-1" not in path for finding in judging.findings() for path in finding.paths)


def test_what_came_back_is_found_again(tmp_path: Path) -> None:
    app = put(tmp_path / "app" / "main.py").parent
    cache = put(app / "__pycache__" / "main.cpython-311.pyc").parent
    judging = judge(tmp_path)
    aside = tmp_path.parent / f"{tmp_path.name}-aside"
    cache.rename(aside)
    judging.scan.refresh(os.fsencode(app))
    wait_for_refresh(judging)
    assert not of(judging, "python-bytecode")
    aside.rename(cache)
    judging.scan.refresh(os.fsencode(app))
    wait_for_refresh(judging)
    found = only(judging, "python-bytecode")
    assert names(found, tmp_path) == {"app/__pycache__"}
    assert found.entries == (judging.scan.tree.find(os.fsencode(cache)),)
    assert judging.finding_for(found.entries[0]) == found


def test_a_reference_that_appears_later_takes_the_offer_back(tmp_path: Path) -> None:
    model(tmp_path / "models" / "acme-final-7b")
    judging = judge(tmp_path)
    assert offered(judging, tmp_path)
    put(tmp_path / "go.sh", "train models/acme-final-7b\n")
    judging.scan.refresh(os.fsencode(tmp_path))
    wait_for_refresh(judging)
    assert not offered(judging, tmp_path)


def test_findings_can_be_read_from_many_threads_while_judging(tmp_path: Path) -> None:
    for run in range(8):
        for step in (1, 2, 3):
            checkpoint(tmp_path / f"run{run}", step)
    scan = open_scan(os.fsencode(tmp_path), ScanOptions(triggers=book().triggers))
    judging = Judge(scan, book(), Settings())
    errors: list[BaseException] = []
    done = threading.Event()

    def read() -> None:
        try:
            while not done.is_set():
                for finding in judging.findings():
                    assert finding.paths and len(finding.paths) == len(finding.entries)
                for index in range(len(scan.tree)):
                    judging.finding_for(index)
                    judging.keeps_below(index)
                time.sleep(0.001)
        except BaseException as error:
            errors.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    scan.start()
    judging.start()
    assert judging.wait(60)
    done.set()
    for reader in readers:
        reader.join()
    assert not errors
    assert len(of(judging, "trainer-old-checkpoint")) == 8


def test_a_wrong_file_under_a_scan_root_that_is_a_link_is_still_read(tmp_path: Path) -> None:
    for step in (1, 2):
        checkpoint(tmp_path / "real" / "run", step)
    (tmp_path / "link").symlink_to("real")
    judging = judge(tmp_path / "link")
    assert of(judging, "trainer-old-checkpoint")


def test_a_probe_that_hangs_is_left_behind_and_its_filesystem_is_not_asked_again(tmp_path: Path) -> None:
    prober = Prober(os.fsencode(tmp_path), timeout=0.05)
    stuck = threading.Event()
    for _ in range(2):
        try:
            prober.run(lambda: stuck.wait(20), device=7)
            raise AssertionError("a hanging task answered")
        except CannotTellError as error:
            assert "too long" in str(error)
    started = time.monotonic()
    try:
        prober.run(lambda: 1, device=7)
        raise AssertionError("a filesystem that hangs was asked again")
    except CannotTellError as error:
        assert "does not answer" in str(error)
    assert time.monotonic() - started < 0.05
    assert prober.run(lambda: 5, device=8) == 5
    stuck.set()


def test_special_files_links_and_other_places_are_never_read(tmp_path: Path) -> None:
    put(tmp_path / "inside" / "file", "hello")
    put(tmp_path / "outside", "secret")
    os.mkfifo(tmp_path / "inside" / "pipe")
    (tmp_path / "inside" / "link").symlink_to(tmp_path / "outside")
    (tmp_path / "inside" / "directory").symlink_to(tmp_path)
    prober = Prober(os.fsencode(tmp_path / "inside"))
    device = tmp_path.stat().st_dev
    assert prober.head(os.fsencode(tmp_path / "inside" / "file"), device) == b"hello"
    for name in ("inside/pipe", "inside/link", "inside/directory/outside", "outside", "inside/missing"):
        try:
            prober.head(os.fsencode(tmp_path / name), device)
            raise AssertionError(f"{name} was read")
        except CannotTellError:
            pass


def test_reading_leaves_no_trace_in_access_times(tmp_path: Path) -> None:
    file = put(tmp_path / "file", "hello", age=3 * DAY)
    before = file.stat().st_atime_ns
    Prober(os.fsencode(tmp_path)).head(os.fsencode(file), 0)
    assert file.stat().st_atime_ns == before


def test_a_hang_in_one_place_does_not_hide_findings_elsewhere(tmp_path: Path, monkeypatch: object) -> None:
    for step in (1, 2):
        checkpoint(tmp_path / "run", step)
    put(tmp_path / "app" / "main.py")
    put(tmp_path / "app" / "__pycache__" / "main.cpython-311.pyc")
    original = Prober._head
    blocked = threading.Event()

    def hang(self: Prober, path: bytes, device: int, limit: int) -> bytes:
        if path.endswith(b"trainer_state.json"):
            blocked.wait(30)
        return original(self, path, device, limit)

    monkeypatch.setattr(Prober, "_head", hang)  # type: ignore[attr-defined]
    started = time.monotonic()
    judging = judge_directory(os.fsencode(tmp_path), book(), patience=2.0)
    assert time.monotonic() - started < 15
    assert of(judging, "python-bytecode")
    assert not of(judging, "trainer-old-checkpoint")
    blocked.set()


def test_other_threads_get_their_turn_while_judging(tmp_path: Path) -> None:
    for number in range(300):
        put(tmp_path / f"d{number % 20}" / f"m{number}.py")
        put(tmp_path / f"d{number % 20}" / "__pycache__" / f"m{number}.cpython-311.pyc")
    scan = scanned(tmp_path)
    judging = Judge(scan, book(), Settings())
    judging.start()
    longest, last = 0.0, time.perf_counter()
    while not judging.finished:
        time.sleep(0.001)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    # The interpreter takes its lock back after a millisecond; a busy machine adds to that.
    assert sys.getswitchinterval() <= 0.001
    assert longest < 0.2
