"""A virtual environment of dusk's own beside the checkout, whatever the machine's Python allows."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DIRECTORY = ROOT / ".venv"
_MINIMUM = (3, 11)


def fail(sentence: str) -> None:
    """Say what is missing and stop."""
    print(f"dusk: {sentence}", file=sys.stderr)
    raise SystemExit(2)


def python() -> Path:
    """Return the environment's interpreter, made now if there is none.

    A system Python may be externally managed (PEP 668): nothing is ever installed into it.
    """
    if sys.version_info < _MINIMUM:
        fail(f"needs Python 3.11 or newer; this is {sys.version.split()[0]}")
    interpreter = DIRECTORY / "bin" / "python"
    if interpreter.exists() and _works(interpreter):
        return interpreter
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    print(f"dusk: making {DIRECTORY.name}/ ...", file=sys.stderr)
    if not (_by_venv() or _by_uv() or _by_bare_venv()):
        fail(
            "this Python can make no virtual environment with pip in it."
            " On Debian and Ubuntu: apt install python3-venv; or install uv."
        )
    return interpreter


def install(extras: str = "") -> Path:
    """Install dusk from this checkout, once per state of its project files; return the interpreter."""
    interpreter = python()
    wanted = _state(extras)
    stamp = DIRECTORY / "installed"
    if stamp.exists() and stamp.read_text() == wanted:
        return interpreter
    print("dusk: installing, a minute at most the first time ...", file=sys.stderr)
    target = f"{ROOT}[{extras}]" if extras else str(ROOT)
    quiet = ["--quiet", "--disable-pip-version-check"]
    command = [str(interpreter), "-m", "pip", "install", *quiet, "--editable", target]
    if subprocess.run(command, check=False).returncode:
        fail("pip could not install dusk; its message is above")
    stamp.write_text(wanted)
    return interpreter


def enter(script: str) -> None:
    """Go on with a script in the environment, with what tests need, unless it runs there already."""
    interpreter = install("test")
    if Path(sys.prefix) != interpreter.parent.parent:
        os.execv(interpreter, [str(interpreter), script, *sys.argv[1:]])


def _works(interpreter: Path) -> bool:
    check = [str(interpreter), "-c", "import pip, sys; sys.exit(sys.version_info < (3, 11))"]
    return subprocess.run(check, check=False, capture_output=True).returncode == 0


def _by_venv() -> bool:
    return _run(sys.executable, "-m", "venv", str(DIRECTORY))


def _by_uv() -> bool:
    uv = shutil.which("uv")
    return bool(uv) and _run(str(uv), "venv", "--seed", "--python", sys.executable, str(DIRECTORY))


def _by_bare_venv() -> bool:
    """Debian ships venv without ensurepip, but its own pip can install another one into the environment."""
    if not _run(sys.executable, "-m", "venv", "--without-pip", str(DIRECTORY)):
        return False
    return _run(
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(DIRECTORY / "bin" / "python"),
        "install",
        "--quiet",
        "pip",
    )


def _run(*command: str) -> bool:
    finished = subprocess.run(command, check=False, capture_output=True)
    if finished.returncode:
        shutil.rmtree(DIRECTORY, ignore_errors=True)
    return finished.returncode == 0


def _state(extras: str) -> str:
    digest = hashlib.sha256(extras.encode())
    compiled = sorted(path for path in (ROOT / "native").rglob("*") if path.suffix in (".cpp", ".h"))
    for path in (ROOT / "pyproject.toml", ROOT / "setup.py", *compiled):
        digest.update(path.read_bytes())
    return digest.hexdigest() + os.linesep
