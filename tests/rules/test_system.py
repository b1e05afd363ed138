"""The system's own hogs: core dumps, temporary files, packages, kernels, journals, trash."""

from __future__ import annotations

import os
import struct
from pathlib import Path

from dusk.rules.finding import Action
from dusk.rules.safety import Safety

from .trees import DAY, judge, link, names, of, offered, only, put


def elf(kind: int, program: bytes = b"") -> bytes:
    """Return the head of a 64-bit file of a kind, with the note that names the program that crashed."""
    header = (
        b"\x7fELF\2\1\1"
        + b"\0" * 9
        + struct.pack("<HHIQQQIHHHHHH", kind, 62, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    )
    facts = b"\0" * 40 + program.ljust(16, b"\0") + b"\0" * 80
    note = struct.pack("<III", 5, len(facts), 3) + b"CORE\0\0\0\0" + facts
    return header + struct.pack("<IIQQQQQQ", 4, 0, 120, 0, 0, len(note), 0, 1) + note


def test_a_core_dump_is_known_by_its_type_and_says_who_crashed(tmp_path: Path) -> None:
    put(tmp_path / "run" / "core.4711", elf(4, b"python3.11"), size=90000)
    finding = only(judge(tmp_path), "core-dump")
    assert finding.safety is Safety.REVIEW
    assert any("python3.11 crashed" in sentence for sentence in finding.evidence)


def test_other_files_and_directories_called_core_are_none(tmp_path: Path) -> None:
    put(tmp_path / "app" / "core" / "train.py")
    put(tmp_path / "bin" / "core", elf(2), size=90000)
    put(tmp_path / "src" / "core.py")
    put(tmp_path / "doc" / "core.txt", "about the core")
    put(tmp_path / "x.core", b"\x7fELF")
    assert not offered(judge(tmp_path), tmp_path)


def test_packed_dumps_of_the_system_name_their_program(tmp_path: Path) -> None:
    name = "core.python3.0." + "a" * 32 + ".4711.1732000000000000.zst"
    put(tmp_path / "coredump" / name, b"\x28\xb5\x2f\xfd" + b"0" * 900)
    put(tmp_path / "crash" / "_usr_bin_x.1000.crash", "ProblemType: Crash\nDate: today\n")
    put(tmp_path / "crash" / "notes.crash", "how it crashed")
    found = of(judge(tmp_path), "core-dump")
    assert len(found) == 2
    assert any("python3 crashed" in sentence for one in found for sentence in one.evidence)


def test_temporary_files_go_by_whose_they_are_and_by_age(tmp_path: Path) -> None:
    tmp = tmp_path / "tmp"
    put(tmp / "pip-unpack-ab12cd34" / "torch.whl", size=9000)
    put(tmp / "go-build123456789" / "b001" / "x.a")
    put(tmp / "pip-unpack-zz12cd34" / "torch.whl", age=3600.0)
    put(tmp / "tmpab12cd34" / "result.npy", size=9000)
    put(tmp / "my-results" / "a.bin", size=9000)
    put(tmp / "tmux-1000" / "default")
    (tmp / "tmpqq12cd34").mkdir()
    os.mkfifo(tmp / "tmpqq12cd34" / "pipe")
    judged = judge(tmp_path)
    assert names(only(judged, "temporary-tool"), tmp) == {"pip-unpack-ab12cd34", "go-build123456789"}
    assert only(judged, "temporary-tool").safety is Safety.SAFE
    assert names(only(judged, "temporary-unnamed"), tmp) == {"tmpab12cd34"}
    assert only(judged, "temporary-unnamed").safety is Safety.REVIEW


def test_what_apt_downloaded_is_left_to_apt(tmp_path: Path) -> None:
    put(tmp_path / "var" / "cache" / "apt" / "archives" / "foo_1.0_amd64.deb", size=9000)
    (tmp_path / "var" / "cache" / "apt" / "archives" / "partial").mkdir()
    put(tmp_path / "build" / "mine_1.0_amd64.deb", size=9000)
    finding = only(judge(tmp_path), "apt-archives")
    assert [offer.action for offer in finding.offers] == [Action.NATIVE]
    # Of the directory that was found: a copy of another system's /var must not clean this one.
    where = tmp_path / "var" / "cache" / "apt" / "archives"
    assert finding.offers[0].options.command == ("apt-get", "-o", f"Dir::Cache::archives={where}", "clean")


def test_two_kernels_stay_and_the_running_one(tmp_path: Path) -> None:
    boot = tmp_path / "boot"
    for version in ("5.1.0-1", "5.1.0-2", "5.1.0-9", "5.1.0-10"):
        put(boot / f"vmlinuz-{version}", size=9000)
        put(boot / f"initrd.img-{version}", size=90000)
    put(boot / f"vmlinuz-{os.uname().release}", size=9000)
    going = {path for one in of(judge(tmp_path), "old-kernel") for path in names(one, boot)}
    assert "vmlinuz-5.1.0-1" in going and "initrd.img-5.1.0-1" in going
    assert f"vmlinuz-{os.uname().release}" not in going


def test_toolkits_that_nothing_leads_to_are_said_but_not_offered(tmp_path: Path) -> None:
    for version in ("11.8", "12.1", "12.4"):
        put(tmp_path / "local" / f"cuda-{version}" / "bin" / "nvcc", size=9000)
    link(tmp_path / "local" / "cuda", "cuda-12.1")
    judged = judge(tmp_path)
    assert names(only(judged, "old-toolkit"), tmp_path) == {"local/cuda-11.8"}
    assert not offered(judged, tmp_path)


def test_the_journal_that_is_written_now_stays(tmp_path: Path) -> None:
    where = tmp_path / "var" / "log" / "journal" / ("a" * 32)
    put(where / "system.journal", b"LPKSHHRH" + b"0" * 900)
    put(where / "system@00aa-0000000000000001-0005.journal", b"LPKSHHRH" + b"0" * 900)
    put(where / "user-1000@00aa.journal~", b"LPKSHHRH" + b"0" * 900)
    put(tmp_path / "diary" / "me@2024.journal", "Dear diary")
    finding = only(judge(tmp_path), "journal")
    assert len(finding.paths) == 2 and not any(path.endswith(b"system.journal") for path in finding.paths)


def test_nothing_in_a_trash_is_suggested_apart_from_emptying_it(tmp_path: Path) -> None:
    trash = tmp_path / "home" / ".local" / "share" / "Trash"
    put(trash / "files" / "app" / "main.py")
    put(trash / "files" / "app" / "__pycache__" / "main.cpython-311.pyc")
    put(trash / "files" / "env" / "pyvenv.cfg")
    put(trash / "files" / "env" / "lib" / "python3.11" / "site-packages" / "six.py")
    put(trash / "info" / "app.trashinfo", "[Trash Info]\nPath=/x\nDeletionDate=2025-01-01T00:00:00\n")
    judged = judge(tmp_path)
    assert not offered(judged, tmp_path)
    finding = only(judged, "trash")
    assert any("1 thing without a note" in sentence for sentence in finding.evidence)


def test_an_installer_is_nobodys_script(tmp_path: Path) -> None:
    put(tmp_path / "Miniconda3-latest-Linux-x86_64.sh", size=90000)
    put(tmp_path / "install.sh", size=900)
    put(tmp_path / "cuda_12.4.0_550.54.14_linux.run", size=90000, age=DAY)
    assert offered(judge(tmp_path), tmp_path) == {"Miniconda3-latest-Linux-x86_64.sh"}
