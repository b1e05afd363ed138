"""Ctrl-C: exit code 130 within a second, whatever hangs, and no traceback."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time

import pytest

HUNG_OPEN = """
import sys, threading
import dusk.scan.start as start
def hang(*_):
    print("hanging", file=sys.stderr, flush=True)
    threading.Event().wait()
start._resolve = hang
from dusk.cli.main import main
main()
"""
HUNG_WALK = """
import os, sys, threading
os.environ["DUSK_SCANNER"] = "reference"
import dusk.scan.walker as walker
from dusk.scan.walker import ReferenceScan
class HungScan(ReferenceScan):
    def start(self):
        def hang():
            print("hanging", file=sys.stderr, flush=True)
            threading.Event().wait()
        threading.Thread(target=hang).start()  # not even a daemon
    def wait(self, timeout=None):
        threading.Event().wait(timeout)
        return False
walker.ReferenceScan = HungScan
from dusk.cli.main import main
main()
"""


@pytest.mark.parametrize("program", [HUNG_OPEN, HUNG_WALK], ids=["open", "walk"])
@pytest.mark.parametrize("command", ["scan", "suggest"])
def test_ctrl_c_ends_a_hung_command_within_a_second(program, command, tree):
    running = subprocess.Popen(
        [sys.executable, "-c", program, command, tree], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert running.stderr.readline() == b"hanging\n"
    time.sleep(0.2)
    started = time.monotonic()
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=20)
    assert time.monotonic() - started < 1
    assert running.returncode == 130
    assert out == b""
    assert err == b"dusk: interrupted.\n"


def read_until(descriptor: int, text: bytes, seconds: float = 20) -> bytes:
    seen, end = b"", time.monotonic() + seconds
    while text not in seen and time.monotonic() < end:
        if select.select([descriptor], [], [], 0.1)[0]:
            try:
                seen += os.read(descriptor, 65536)
            except OSError:
                break
    return seen


def test_the_progress_line_is_on_a_terminal_only_and_is_erased(tree):
    near, far = pty.openpty()
    running = subprocess.Popen(
        [sys.executable, "-c", HUNG_WALK, "scan", tree],
        stdout=subprocess.PIPE,
        stderr=far,
        start_new_session=True,
    )
    os.close(far)
    seen = read_until(near, b"Scanning")
    assert b"entries" in seen + read_until(near, b"entries", 2)
    running.send_signal(signal.SIGINT)
    rest = read_until(near, b"interrupted")
    out, _ = running.communicate(timeout=20)
    os.close(near)
    assert b"\x1b" not in seen + rest
    before = rest.split(b"dusk:")[0]
    assert before.endswith(b" \r")
    assert out == b""
