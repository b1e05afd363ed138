"""Every test gets a home of its own, and every skipped test is named at the end."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

_LEAKS = (
    "NO_COLOR", "COLUMNS", "LINES", "SSH_CONNECTION", "SSH_TTY", "HF_HOME", "HF_HUB_CACHE", "TORCH_HOME",
    "WANDB_DIR", "OLLAMA_MODELS", "PIP_CACHE_DIR", "UV_CACHE_DIR", "CARGO_HOME", "RUSTUP_HOME", "GOPATH",
    "GOCACHE", "CONDA_PKGS_DIRS",
)  # fmt: skip


def pytest_configure() -> None:
    """Hear Ctrl-C in what tests start, also where a script runs them in the background and ignores it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Point home, configuration, state and trash at a fresh directory: no test sees the user's own."""
    home = tmp_path_factory.mktemp("home")
    for name in [name for name in os.environ if name.startswith(("TEXTUAL_", "XDG_", "DUSK_"))]:
        if name != "DUSK_SKIPPED" and not name.startswith(("DUSK_REAL", "TEXTUAL_SNAPSHOT_")):
            monkeypatch.delenv(name, raising=False)
    for name in _LEAKS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    yield home


@pytest.fixture(autouse=True)
def no_judge_left_over() -> Iterator[None]:
    """Stop the judges of a test: nine hundred that wait for work leave none of the machine to the tests."""
    yield
    for thread in threading.enumerate():
        judge = getattr(getattr(thread, "_target", None), "__self__", None)
        if thread.name == "dusk-judge" and judge is not None:
            judge.stop()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs root for everybody else, with the reason."""
    if os.geteuid() == 0:
        return
    for item in items:
        if item.get_closest_marker("root"):
            item.add_marker(pytest.mark.skip(reason="needs root"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List skipped tests by name with their reasons; silence is not a pass. Count generated trees."""
    reports = [report for group in terminalreporter.stats.values() for report in group]
    counts = [
        value
        for report in reports
        if getattr(report, "when", "") == "teardown"
        for name, value in report.user_properties
        if name == "generated trees"
    ]
    if counts:
        terminalreporter.write_line(f"{sum(counts):,} generated trees were scanned and compared")
    skipped = terminalreporter.stats.get("skipped", [])
    lines = [f"{report.nodeid}\t{_reason(report)}" for report in skipped]
    if lines:
        terminalreporter.section("not run here, by name")
        for line in lines:
            terminalreporter.write_line(line.replace("\t", ": "))
    file = os.environ.get("DUSK_SKIPPED")
    if file:
        Path(file).write_text("".join(line + "\n" for line in lines))


def _reason(report: pytest.TestReport) -> str:
    detail = report.longrepr
    return str(detail[2]) if isinstance(detail, tuple) else str(detail)
