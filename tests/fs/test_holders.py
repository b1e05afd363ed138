"""Who holds a file: real processes that read, write, map, run and sit in it."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from dusk.fs import holders, processes, prominent
from dusk.fs.holders import Hold, hold_report
from dusk.fs.leases import Lease, probe_lease
from dusk.fs.mounts import MountTable
from dusk.fs.processes import ProcessTable, Use
from dusk.fs.surveyor import survey

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="leases are Linux's")


def report_on(path, **options):
    """Ask as the gate does: about the files that a survey found."""
    return hold_report(path, files=survey(path).prominent, **options)


HOLDING = {
    "open": "f = open(path, 'rb')",
    "open for writing": "f = open(path, 'r+b')",
    "mapped": "f = open(path, 'rb'); m = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ); f.close()",
    "working directory": "os.chdir(os.path.dirname(path))",
}


@pytest.fixture(autouse=True)
def fresh_processes(monkeypatch):
    monkeypatch.setattr(processes, "_FRESH", -1.0)
    monkeypatch.setattr(processes, "_newest", processes._Newest())


@pytest.fixture
def tree(tmp_path):
    tree = os.fsencode(tmp_path) + b"/tree"
    os.makedirs(tree + b"/deep/er")
    for number in range(20):
        with open(tree + b"/deep/er/file-%d" % number, "wb") as file:
            file.write(b"x" * (100 + number))
    return tree


@pytest.fixture
def hold():
    started = []

    def start(code, path):
        before = "import sys, os, mmap, time; path = sys.argv[1]"
        program = f"{before}; {code}; print('ready', flush=True); time.sleep(60)"
        process = subprocess.Popen([sys.executable, "-c", program, path], stdout=subprocess.PIPE, cwd="/")
        started.append(process)
        assert process.stdout.readline() == b"ready\n"
        return process.pid

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def test_nobody(tree):
    for path in (tree, tree + b"/deep/er/file-3", tree + b"/deep"):
        report = report_on(path)
        assert (report.state, report.holders, report.reason) == (Hold.FREE, (), "")


@pytest.mark.parametrize("how", [how for how in HOLDING if how != "working directory"])
def test_a_file_and_its_directories_are_held(tree, hold, how):
    path = tree + b"/deep/er/file-7"
    pid = hold(HOLDING[how], path)
    for target in (path, tree, tree + b"/deep/er"):
        report = report_on(target)
        assert report.state is Hold.HELD
        assert (pid, how) in [(holder.pid, holder.how) for holder in report.holders]
        assert "is in use by" in report.reason
        assert len(report.holders[0].command) <= 60
        assert report.holders[0].user
    assert hold_report(tree + b"/deep/er/file-8").state is Hold.FREE


def test_a_working_directory(tree, hold):
    pid = hold(HOLDING["working directory"], tree + b"/deep/er/file-0")
    report = report_on(tree)
    assert report.state is Hold.HELD
    assert (pid, "working directory") in [(holder.pid, holder.how) for holder in report.holders]


def test_a_name_that_begins_alike_is_another(tree, hold):
    shutil.copytree(tree, tree + b"-2")
    hold(HOLDING["open"], tree + b"-2/deep/er/file-0")
    assert report_on(tree).state is Hold.FREE


def test_a_running_program(tree):
    program = tree + b"/deep/sleep"
    shutil.copy(shutil.which("sleep"), program)
    process = subprocess.Popen([program, b"60"])
    try:
        report = report_on(tree)
        assert report.state is Hold.HELD
        assert (process.pid, "running") in [(holder.pid, holder.how) for holder in report.holders]
    finally:
        process.kill()
        process.wait()


def test_a_socket_that_is_listened_on(tree, monkeypatch):
    monkeypatch.chdir(os.fsdecode(tree))
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
    assert report_on(tree).state is Hold.FREE  # left behind by a program that ended
    table = ProcessTable([Use(tree + b"/socket", 4242, "socket")], complete=False)
    monkeypatch.setattr(holders, "current_processes", lambda patience: table)
    assert report_on(tree).holders[0].how == "socket"


def test_newest_and_biggest_are_asked_in_a_large_tree(tree, hold, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "dusk.fs.lease_sample.probe_lease", lambda directory, name: asked.append(name) or Lease.FREE
    )
    monkeypatch.setattr(prominent, "MOST", 4)
    os.utime(tree + b"/deep/er/file-0", ns=(2**62, 2**62))
    assert report_on(tree).state is Hold.FREE
    assert {b"file-0", b"file-19", b"file-18"} <= set(asked)
    assert len(asked) <= 4


def test_files_that_somebody_chose_are_asked_and_nothing_is_listed(tree, hold, monkeypatch):
    """So a tree of a million files takes no longer than one of a thousand."""
    monkeypatch.setattr(holders, "current_processes", lambda _: None)
    monkeypatch.setattr(os, "scandir", None)
    held, free = b"deep/er/file-3", [b"deep/er/file-%d" % number for number in (1, 2)]
    hold(HOLDING["open"], tree + b"/" + held)
    assert hold_report(tree, files=[*free, held]).state is Hold.HELD
    assert hold_report(tree, files=[*free, b"deep/gone", b"deep"]).state is Hold.FREE
    assert hold_report(tree, files=[b"gone/file"]).state is Hold.UNKNOWN
    assert hold_report(tree).state is Hold.UNKNOWN


def test_hostile_names(tree, hold):
    path = tree + b"/deep/new\nline \\ \xff \x1b[31m (deleted) x"
    with open(path, "wb") as file:
        file.write(b"x")
    for how in ("open", "mapped"):
        pid = hold(HOLDING[how], path)
        report = report_on(tree)
        assert pid in [holder.pid for holder in report.holders]
        assert report.reason.isprintable()
        assert all(holder.command.isprintable() for holder in report.holders)


def test_a_link_a_fifo_and_what_is_gone(tree):
    os.symlink(b"/etc/passwd", tree + b"/link")
    os.mkfifo(tree + b"/fifo")
    began = time.monotonic()
    assert hold_report(tree + b"/link").state is Hold.FREE
    assert hold_report(tree + b"/fifo").state is Hold.FREE
    assert report_on(tree).state is Hold.FREE
    gone = hold_report(tree + b"/gone")
    assert (gone.state, gone.reason) == (Hold.UNKNOWN, "it is gone")
    assert hold_report(b"relative").state is Hold.UNKNOWN
    assert time.monotonic() - began < 5


def test_a_writer_waiting_at_a_fifo_is_left_alone(tree):
    os.mkfifo(tree + b"/fifo")
    program = "import sys; open(sys.argv[1], 'wb'); print('opened', flush=True)"
    writer = subprocess.Popen([sys.executable, "-c", program, tree + b"/fifo"], stdout=subprocess.PIPE)
    try:
        time.sleep(0.3)
        report_on(tree)
        time.sleep(0.1)
        assert writer.poll() is None
    finally:
        writer.kill()
        writer.wait()
        writer.stdout.close()


def test_a_network_filesystem_cannot_be_told(tree, monkeypatch):
    table = MountTable.parse(b"27 1 0:40 / / rw - nfs4 server:/ rw\n")
    monkeypatch.setattr(MountTable, "read", classmethod(lambda cls: table))
    report = report_on(tree)
    assert (report.state, report.reason) == (
        Hold.UNKNOWN,
        "who has it open cannot be told on nfs4: other machines may",
    )


def test_holders_on_a_network_filesystem_are_still_found(tree, hold, monkeypatch):
    table = MountTable.parse(b"27 1 0:40 / / rw - fuse.sshfs host: rw\n")
    monkeypatch.setattr(MountTable, "read", classmethod(lambda cls: table))
    pid = hold(HOLDING["open"], tree + b"/deep/er/file-0")
    assert [holder.pid for holder in report_on(tree).holders] == [pid]


def test_the_answer_comes_in_time(tree, monkeypatch):
    release = threading.Event()
    real = holders.open_subdirectory
    monkeypatch.setattr(holders, "open_subdirectory", lambda *words: release.wait(20) and real(*words))
    began = time.monotonic()
    report = report_on(tree, timeout=0.2)
    release.set()
    assert time.monotonic() - began < 10
    assert (report.state, report.reason) == (Hold.UNKNOWN, "looking for open files took longer than 0.2 s")


def test_a_network_file_that_hangs_is_answered_in_time(tree, monkeypatch):
    file = os.path.join(tree, b"hung.log")
    with open(file, "wb"):
        pass
    release = threading.Event()
    real = holders._Check._look_from_here
    monkeypatch.setattr("dusk.fs.mounts.LOCAL_TYPES", frozenset())
    monkeypatch.setattr(holders._Check, "_look_from_here", lambda *w: release.wait(20) and real(*w))
    report = hold_report(file, timeout=0.2)
    release.set()
    assert report.reason == "looking for open files took longer than 0.2 s"


def test_another_name_outside_that_is_in_use(tree, hold, monkeypatch):
    outside = os.path.dirname(tree) + b"/outside"
    os.link(tree + b"/deep/er/file-0", outside)
    hold(HOLDING["mapped"], outside)
    real = holders.current_processes
    complete = lambda patience: ProcessTable(list(real(patience)._uses), complete=True)  # noqa: E731
    monkeypatch.setattr(holders, "current_processes", complete)
    assert report_on(tree).state is Hold.FREE
    partial = lambda patience: ProcessTable(list(real(patience)._uses), complete=False)  # noqa: E731
    monkeypatch.setattr(holders, "current_processes", partial)
    report = report_on(tree)
    assert report.state is Hold.UNKNOWN
    assert "another of its names" in report.reason


def test_own_files_are_answered_without_privileges(tree, as_user, hold):
    path = tree + b"/deep/er/file-1"
    assert as_user(lambda: report_on(tree).state) is Hold.FREE
    hold(HOLDING["open"], path)
    report = as_user(lambda: report_on(tree))
    assert report.state is Hold.HELD, report


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="giving a file away needs root")
def test_files_of_others_cannot_be_told_without_privileges(tree, as_user):
    path = tree + b"/deep/er/file-1"

    def look():
        return report_on(tree)

    as_user.give()
    os.chown(path, 0, 0)
    report = as_user.run(look)
    assert report.state is Hold.UNKNOWN
    assert "belongs to another user" in report.reason


def test_being_asked_to_give_the_lease_back_does_not_end_the_process(tree, monkeypatch):
    """While a lease is held someone opens the file; the kernel signals the holder."""
    path = tree + b"/deep/er/file-0"
    program = (
        "import fcntl, os, signal, subprocess, sys, time\n"
        "from dusk.fs import leases\n"
        "real = fcntl.fcntl\n"
        "def slow(file, command, argument):\n"
        "    if command == fcntl.F_SETLEASE and argument == fcntl.F_UNLCK:\n"
        "        opener = subprocess.Popen([sys.executable, '-c', 'open(' + repr(sys.argv[1]) + ')'])\n"
        "        time.sleep(0.5)\n"
        "    return real(file, command, argument)\n"
        "fcntl.fcntl = slow\n"
        "directory = os.open(os.path.dirname(sys.argv[1]), os.O_RDONLY)\n"
        "print(leases.probe_lease(directory, os.path.basename(sys.argv[1]).encode()))\n"
    )
    command = [sys.executable, "-c", program, path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (0, "Lease.FREE\n"), done.stderr


def test_a_probe_gives_the_lease_back(tree):
    directory = os.open(tree + b"/deep/er", os.O_RDONLY)
    try:
        assert probe_lease(directory, b"file-0") is Lease.FREE
        assert probe_lease(directory, b"file-0") is Lease.FREE
        assert probe_lease(directory, b"gone") is Lease.NO_FILE
        assert signal.getsignal(signal.SIGIO) is signal.SIG_DFL
        file = os.open(b"file-0", os.O_RDONLY, dir_fd=directory)
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        assert probe_lease(directory, b"file-0") is Lease.HELD
        os.close(file)
    finally:
        os.close(directory)


def test_refused_leases_are_not_taken_for_free(tree, monkeypatch):
    monkeypatch.setattr("dusk.fs.lease_sample.probe_lease", lambda directory, name: Lease.REFUSED)
    table = ProcessTable([], complete=False)
    monkeypatch.setattr(holders, "current_processes", lambda patience: table)
    report = report_on(tree)
    assert report.state is Hold.UNKNOWN
    assert "does not tell" in report.reason or "another user" in report.reason
