import os
from pathlib import Path

from dusk.report.summary import scan_text, tree_report
from dusk.scan.entry import Measure
from dusk.scan.scanner import Progress, Scan, ScanOptions
from dusk.scan.start import open_scan


def scanned(path: Path) -> Scan:
    scan = open_scan(os.fsencode(path), ScanOptions())
    scan.start()
    assert scan.wait(20)
    return scan


def make_tree(root: Path) -> None:
    for name, size in (("big", 40_000), ("middle", 9_000), ("small", 100)):
        (root / name).mkdir()
        (root / name / "file").write_bytes(b"x" * size)
    (root / "link").symlink_to("big")
    (root / "empty").write_bytes(b"")


def test_totals_are_said_in_both_sizes(tmp_path: Path) -> None:
    make_tree(tmp_path)
    scan = scanned(tmp_path)
    text = scan_text(scan.progress(), b"/data")
    assert text.startswith("/data\n")
    assert "(49,1" in text
    assert "reference" in text or "native" in text


def test_what_could_not_be_read_and_early_ends_are_said() -> None:
    progress = Progress(5, 2, 3, 10, 20, 0.5, b"", True, True, "reference", "the disk went away")
    text = scan_text(progress, b"/data", [(b"/data/\x1b[2J", "Permission denied")])
    assert "stopped before the end" in text
    assert "ended early: the disk went away." in text
    assert "/data/␛[2J: Permission denied" in text
    assert "... and 2 more" in text


def test_the_tree_shows_the_biggest_first_with_sizes_before_names(tmp_path: Path) -> None:
    make_tree(tmp_path)
    lines = tree_report(scanned(tmp_path).tree, Measure.APPARENT, depth=1).splitlines()
    assert [line.split()[-1] for line in lines[2:5]] == ["big/", "middle/", "small/"]
    assert len({line.index("b") for line in lines if line.endswith("big/")}) == 1
    assert any(line.endswith("link@") for line in lines)
    assert lines[1].startswith("48.0 KiB   100%")


def test_depth_and_limit_keep_it_short(tmp_path: Path) -> None:
    make_tree(tmp_path)
    tree = scanned(tmp_path).tree
    assert len(tree_report(tree, depth=0).splitlines()) == 2
    text = tree_report(tree, Measure.APPARENT, depth=1, limit=2)
    assert "... 3 more entries" in text
    assert "small" not in text
    assert "file" in tree_report(tree, depth=2)


def test_tags_and_flags_stand_behind_the_name(tmp_path: Path) -> None:
    make_tree(tmp_path)
    tree = scanned(tmp_path).tree
    text = tree_report(tree, depth=1, tag=lambda index: "old ckpt" if tree.name(index) == b"big" else "")
    assert "big/  (old ckpt)" in text
    os.link(tmp_path / "big/file", tmp_path / "big/other")
    assert "hard link, counted elsewhere" in tree_report(scanned(tmp_path).tree)


def test_hostile_names_break_no_line(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\x1b[2J\nx\xff")).write_bytes(b"1")
    text = tree_report(scanned(tmp_path).tree)
    assert "\x1b" not in text
    assert len(text.splitlines()) == 3
