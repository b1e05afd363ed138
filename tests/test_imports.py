"""What a fresh process loads: the core stays without a face, and small commands stay small."""

from __future__ import annotations

import subprocess
import sys

import pytest

FACES = {"textual", "rich"}


def loaded_after(code: str) -> set[str]:
    program = f"{code}\nimport sys\nprint('\\n'.join(sys.modules))"
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in finished.stdout.split()}


@pytest.mark.parametrize(
    "package", ["fs", "settings", "practice", "scan", "rules", "plan", "actions", "report", "cli"]
)
def test_no_package_but_the_app_loads_a_face(package: str) -> None:
    code = (
        "import importlib, pkgutil\n"
        f"package = importlib.import_module('dusk.{package}')\n"
        "for module in pkgutil.walk_packages(getattr(package, '__path__', ()), package.__name__ + '.'):\n"
        "    importlib.import_module(module.name)\n"
    )
    assert not loaded_after(code) & FACES


def test_version_loads_neither_a_face_nor_a_document_library() -> None:
    code = "from dusk.cli.main import main\ntry:\n    main(['--version'])\nexcept SystemExit:\n    pass"
    assert not loaded_after(code) & (FACES | {"psutil", "msgspec", "sqlite3", "blake3"})
