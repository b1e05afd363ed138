"""Versions of dusk and of what it stands on, and the scanner in use."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import platform
import re
import sys
from collections.abc import Iterator

from dusk import __version__
from dusk.cli.checks.check import Check, note, ok, problem
from dusk.fs.locations import home_directory
from dusk.fs.names import display_name

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
    """Yield which scanner walks and what removes, and what is lost where that is not the compiled one."""
    from dusk.actions.removal import is_native

    yield _which_scanner()
    if is_native():
        yield ok("scanner", "removal", "native, on several threads")
    else:
        why = _why_missing("dusk.fs._removal")
        yield note("scanner", "removal", f"in Python, on one thread, so emptying the trash is slower: {why}")


def _which_scanner() -> Check:
    from dusk.scan.scanner import ScanOptions
    from dusk.scan.start import SCANNER_VARIABLE, ScanError, open_scan

    try:
        scanner = open_scan(home_directory(), ScanOptions()).progress().scanner
    except ScanError as error:
        return note("scanner", "scanner", f"could not be tried on the home directory: {error}")
    if scanner == "native":
        return ok("scanner", "scanner", "native")
    if os.environ.get(SCANNER_VARIABLE) == scanner:
        why = f"{SCANNER_VARIABLE} asks for it"
    else:
        why = _why_missing("dusk.scan._native")
    costs = "in pure Python: scans take some two times as long and ten times the memory"
    return note("scanner", "scanner", f"{scanner}, {costs}; {why}")


def _why_missing(module: str) -> str:
    """Return why a compiled module does not serve, and what brings it."""
    if not sys.platform.startswith("linux"):
        return "the native one is for Linux"
    try:
        importlib.import_module(module)
    except ModuleNotFoundError:
        return (
            "the native one was not built, because no C++ compiler was there when dusk was installed; "
            f"with one, 'pip install --force-reinstall --no-cache-dir {_DISTRIBUTION}' brings it"
        )
    except ImportError as error:
        return f"the native one does not load: {display_name(str(error))}"
    return "the native one does not serve"


def _requirements() -> list[str]:
    try:
        lines = importlib.metadata.requires(_DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        return ["textual", "psutil", "msgspec"]
    # Optional ones and those of other platforms carry a condition behind a semicolon.
    return [re.split(r"[^A-Za-z0-9._-]", line)[0] for line in lines if ";" not in line]
