"""Versions of dusk and of what it stands on, and the scanner in use."""

from __future__ import annotations

import importlib.metadata
import platform
import re
from collections.abc import Iterator

from dusk import __version__
from dusk.cli.checks.check import Check, note, ok, problem
from dusk.fs.locations import home_directory

_DISTRIBUTION = "dusk-explorer"


def check_versions() -> Iterator[Check]:
    """Yield dusk, Python, the system, and every package that dusk needs."""
    yield ok("versions", "dusk", __version__)
    yield ok("versions", "python", f"{platform.python_version()} ({platform.python_implementation()})")
    yield ok("versions", "system", platform.platform())
    for name in _requirements():
        try:
            yield ok("versions", name, importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            yield problem("versions", name, f"is not installed; 'pip install {name}' brings it")


def check_scanner() -> Iterator[Check]:
    """Yield which scanner walks, and why."""
    from dusk.scan.scanner import ScanOptions
    from dusk.scan.start import ScanError, open_scan

    try:
        scanner = open_scan(home_directory(), ScanOptions()).progress().scanner
    except ScanError as error:
        yield note("scanner", "scanner", f"could not be tried on the home directory: {error}")
        return
    if scanner == "native":
        yield ok("scanner", "scanner", "native")
    else:
        yield note("scanner", "scanner", f"{scanner}, in pure Python: the native core is not installed")


def _requirements() -> list[str]:
    try:
        lines = importlib.metadata.requires(_DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        return ["textual", "psutil", "platformdirs", "msgspec"]
    # Optional ones and those of other platforms carry a condition behind a semicolon.
    return [re.split(r"[^A-Za-z0-9._-]", line)[0] for line in lines if ";" not in line]
