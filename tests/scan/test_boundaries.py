"""What a scan does not enter, and what it never even touches."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import textwrap
import time
from contextlib import ExitStack, contextmanager

import pytest

from dusk.fs.mounts import MountTable
from dusk.scan.boundary import places_below
from dusk.scan.entry import EntryFlag
from dusk.scan.scanner import ScanOptions
from dusk.scan.start import open_scan
from dusk.scan.tree import ROOT
from hanging_filesystem import hanging_filesystem

CROSS = ScanOptions(cross=True)
_MS_BIND = 4096
_MNT_DETACH = 2
_libc = ctypes.CDLL(None, use_errno=True)


@contextmanager
def mounted(source, target, kind=b"tmpfs", flags=0, options=None):
    if os.geteuid() != 0:
        pytest.skip("needs root to mount")
    if _libc.mount(source, target, kind, flags, options):
        pytest.skip(f"cannot mount {kind!r} here: {os.strerror(ctypes.get_errno())}")
    try:
        yield
    finally:
        _libc.umount2(target, _MNT_DETACH)


def bound(source, target):
    return mounted(source, target, None, _MS_BIND)


def write(path, size=50_000):
    with open(path, "wb") as file:
        file.write(b"x" * size)


@pytest.mark.root
def test_another_filesystem_is_a_mount_point_and_not_entered(root, scan_of, du):
    os.mkdir(root + b"/disk")
    with mounted(b"tmpfs", root + b"/disk"):
        write(root + b"/disk/file")
        scan = scan_of(root)
        disk = scan.tree.entry(scan.tree.find(root + b"/disk"))
        assert disk.flags & EntryFlag.MOUNT_POINT
        assert disk.is_directory
        assert (disk.disk_size, disk.items) == (0, 0)
        assert scan.progress().disk_bytes == du(root)
        assert scan.tree.is_complete(ROOT)


@pytest.mark.root
def test_cross_enters_other_filesystems(root, scan_of):
    os.mkdir(root + b"/disk")
    with mounted(b"tmpfs", root + b"/disk"):
        write(root + b"/disk/file")
        scan = scan_of(root, CROSS)
        disk = scan.tree.entry(scan.tree.find(root + b"/disk"))
        assert disk.flags == EntryFlag.MOUNT_POINT
        assert disk.apparent_size == 50_000
        assert scan.progress().apparent_bytes == 50_000


@pytest.mark.root
def test_the_root_itself_may_be_a_mount_of_any_kind(root, scan_of):
    with mounted(b"tmpfs", root):
        write(root + b"/file")
        assert scan_of(root).progress().apparent_bytes == 50_000
    with mounted(b"proc", root, b"proc"):
        scan = scan_of(root)
        assert scan.progress().entries > 100
        assert not scan.progress().failure


@pytest.mark.root
def test_kernel_filesystems_are_never_entered(root, scan_of):
    os.mkdir(root + b"/proc")
    with mounted(b"proc", root + b"/proc", b"proc"):
        for options in (ScanOptions(), CROSS):
            tree = scan_of(root, options).tree
            assert tree.entry(tree.find(root + b"/proc")).flags & EntryFlag.PSEUDO
            assert len(tree) == 2


@pytest.mark.root
def test_an_overlays_merged_view_is_never_entered_below_the_root(root, scan_of):
    # An overlay cannot lie on another one, as a container's root does: its layers get a disk of their own.
    with ExitStack() as mounts:
        mounts.enter_context(mounted(b"tmpfs", root))
        for name in (b"/lower", b"/upper", b"/work", b"/merged"):
            os.mkdir(root + name)
        write(root + b"/lower/file")
        options = b"lowerdir=%s/lower,upperdir=%s/upper,workdir=%s/work" % (root, root, root)
        mounts.enter_context(mounted(b"overlay", root + b"/merged", b"overlay", 0, options))
        scan = scan_of(root, CROSS)
        assert scan.tree.entry(scan.tree.find(root + b"/merged")).flags & EntryFlag.PSEUDO
        assert scan.progress().apparent_bytes == 50_000
        assert scan_of(root + b"/merged").progress().apparent_bytes == 50_000


@pytest.mark.root
def test_a_bind_mount_of_the_same_disk_counts_once(root, scan_of):
    os.makedirs(root + b"/there/deep")
    os.mkdir(root + b"/here")
    write(root + b"/there/deep/file")
    with bound(root + b"/there", root + b"/here"):
        scan = scan_of(root)
        assert scan.progress().apparent_bytes == 50_000
        here = scan.tree.entry(scan.tree.find(root + b"/here"))
        assert here.flags & EntryFlag.MOUNT_POINT
        assert here.disk_size == 0
        crossed = scan_of(root, CROSS)
        assert crossed.progress().apparent_bytes == 50_000
        flags = [crossed.tree.entry(child).flags for child in crossed.tree.children(ROOT)]
        assert sum(bool(flag & EntryFlag.COUNTED_ELSEWHERE) for flag in flags) == 1


@pytest.mark.root
def test_a_bind_mount_of_a_directory_inside_itself_is_no_endless_tree(root, scan_of):
    os.mkdir(root + b"/loop")
    write(root + b"/file")
    with bound(root, root + b"/loop"):
        scan = scan_of(root, CROSS)
        assert scan.progress().entries == 3
        assert scan.progress().apparent_bytes == 50_000


@pytest.mark.root
def test_a_mounted_file_counts_nothing(root, scan_of, tmp_path):
    other = os.fsencode(tmp_path / "other")
    write(other)
    write(root + b"/file", 10)
    with bound(other, root + b"/file"):
        for options in (ScanOptions(), CROSS):
            scan = scan_of(root, options)
            entry = scan.tree.entry(scan.tree.find(root + b"/file"))
            assert not entry.is_directory
            assert entry.flags & EntryFlag.MOUNT_POINT
            assert scan.progress().apparent_bytes == 0


@pytest.mark.root
def test_sizes_beyond_sixty_four_bits_are_shown_as_the_limit(root, scan_of):
    with mounted(b"tmpfs", root):
        for name in (b"/a", b"/b"):
            with open(root + name, "wb") as file:
                file.truncate(2**63 - 4096)
        scan = scan_of(root)
        assert not scan.progress().failure
        assert scan.progress().apparent_bytes == 2**63 - 1


@pytest.mark.root
def test_refresh_sees_what_was_mounted_and_unmounted(root, scan_of, refreshed):
    os.mkdir(root + b"/disk")
    write(root + b"/disk/under", 70_000)
    scan = scan_of(root)
    with mounted(b"tmpfs", root + b"/disk"):
        refreshed(scan, root)
        assert scan.progress().apparent_bytes == 0
        assert scan.tree.entry(scan.tree.find(root + b"/disk")).flags & EntryFlag.MOUNT_POINT
    refreshed(scan, root)
    assert scan.progress().apparent_bytes == 70_000


def test_skipped_paths_and_mounts_are_known_without_touching_them():
    table = MountTable.parse(
        b"1 0 8:1 / / rw - ext4 /dev/a rw\n"
        b"2 1 0:5 / /data/nfs\\040share rw - nfs4 host:/x rw\n"
        b"3 1 0:6 / /data rw - ext4 /dev/b rw\n"
    )
    places = places_below(b"/", table)
    assert places.below[b"proc"].is_closed(cross=True)
    assert places.below[b"data"].is_closed(cross=False)
    assert not places.below[b"data"].is_closed(cross=True)
    assert places.below[b"data"].below[b"nfs share"].is_closed(cross=False)
    assert not places_below(b"/home", table).below


@pytest.mark.root
def test_a_hung_mount_is_named_and_never_touched(root, scan_of):
    os.mkdir(root + b"/hung")
    write(root + b"/file")
    with hanging_filesystem(root + b"/hung"):
        scan = scan_of(root)
        assert scan.wait(5)
        assert scan.progress().apparent_bytes == 50_000
        hung = scan.tree.entry(scan.tree.find(root + b"/hung"))
        assert hung.flags & EntryFlag.MOUNT_POINT
        assert hung.is_directory
        scan.refresh(root)
        scan.refresh(root + b"/hung")
        deadline = time.monotonic() + 5
        while scan.refreshes_pending and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not scan.refreshes_pending


@pytest.mark.root
def test_a_scan_that_hangs_can_be_cancelled_and_the_process_ends(root):
    os.mkdir(root + b"/hung")
    script = textwrap.dedent(
        """
        import os, sys, time
        from dusk.scan.scanner import ScanOptions
        from dusk.scan.start import open_scan
        scan = open_scan(os.fsencode(sys.argv[1]), ScanOptions(cross=True))
        scan.start()
        assert not scan.wait(1.0), "the scan should hang"
        begin = time.monotonic()
        scan.cancel()
        progress = scan.progress()
        assert progress.cancelled and progress.finished
        assert len(scan.tree) >= 1 and scan.tree.children(0) is not None
        assert time.monotonic() - begin < 0.2
        print(time.time())
        """
    )
    with hanging_filesystem(root + b"/hung"):
        ended = subprocess.run(
            [sys.executable, "-c", script, os.fsdecode(root)],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        now = time.time()
    assert ended.returncode == 0, ended.stderr
    assert now - float(ended.stdout) < 1.0


@pytest.mark.root
def test_naming_a_hung_mount_itself_fails_in_time(root, monkeypatch):
    from dusk.scan import start

    monkeypatch.setattr(start, "ANSWER_TIMEOUT", 0.3)
    with hanging_filesystem(root), pytest.raises(start.ScanError, match="does not answer"):
        open_scan(root, ScanOptions())
