"""Install the built wheel and sdist into bare environments, also without a compiler, and look into them."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = ("dusk/scan/_native.abi3.so", "dusk/fs/_removal.abi3.so")
_HAS_NATIVE = sys.platform.startswith("linux")

_LOOK = """
import importlib.resources as resources
from dusk.rules.rulebook import RuleBook
themes = [f.name for f in resources.files("dusk.themes").iterdir() if f.name.endswith(".toml")]
book = RuleBook.load()
assert len(themes) >= 3, themes
assert resources.files("dusk.tui").joinpath("app.tcss").is_file()
assert resources.files("dusk").joinpath("py.typed").is_file()
assert book.rules and not book.problems, book.problems
print(f"{len(themes)} themes, {len(book.rules)} rules")
"""


def main(directory: str) -> int:
    """Check every archive in a directory; return 1 when one is not usable."""
    wheels, sources = sorted(Path(directory).glob("*.whl")), sorted(Path(directory).glob("*.tar.gz"))
    if (len(wheels), len(sources)) != (1, 1):
        print(f"expected one wheel and one sdist in {directory}: {wheels + sources}", file=sys.stderr)
        return 1
    problems = [*_problems_of_wheel(wheels[0]), *_problems_of_source(sources[0])]
    for problem in problems:
        print(problem, file=sys.stderr)
    native = "native" if _HAS_NATIVE else "reference"
    # Installing waits for the network most of the time.
    with ThreadPoolExecutor() as pool:
        checks = [
            pool.submit(_check, wheels[0], native),
            pool.submit(_check, sources[0], native),
            # As on a machine without a compiler: it installs, scans, and says what is lost.
            pool.submit(_check, sources[0], "reference", CC="/bin/false", CXX="/bin/false"),
        ]
    return max(bool(problems), *(check.result() for check in checks))


def _problems_of_wheel(wheel: Path) -> Iterator[str]:
    """Yield what is wrong with the name and the content of a wheel."""
    if not _HAS_NATIVE:
        return
    if "-cp311-abi3-" not in wheel.name or "linux" not in wheel.name:
        yield f"{wheel.name} is not for the stable ABI of Python 3.11 on Linux"
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        for module in MODULES:
            if module not in names:
                yield f"{wheel.name} holds no {module}"
        tags = [archive.read(name).decode() for name in names if name.endswith(".dist-info/WHEEL")]
    if not any("Root-Is-Purelib: false" in text and "Tag: cp311-abi3-" in text for text in tags):
        yield f"{wheel.name} calls itself pure or of another ABI: {tags}"
    yield from (f"{wheel.name} holds a source: {name}" for name in names if name.endswith((".cpp", ".o")))


def _problems_of_source(source: Path) -> Iterator[str]:
    """Yield every native source that an sdist lacks."""
    with tarfile.open(source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for path in sorted((ROOT / "native").rglob("*")):
        if path.suffix in (".cpp", ".h") and str(path.relative_to(ROOT)) not in names:
            yield f"{source.name} holds no {path.relative_to(ROOT)}"
    yield from (f"{source.name} holds something built: {name}" for name in names if name.endswith(".so"))


def _check(archive: Path, scanner: str, **variables: str) -> int:
    environment = {**os.environ, **variables}
    if variables:
        environment.pop("DUSK_REQUIRE_NATIVE", None)
    label = archive.name + (" without a compiler" if variables else "")
    with tempfile.TemporaryDirectory() as scratch:
        venv.create(scratch, with_pip=True)
        interpreter = f"{scratch}/bin/python"
        # What pip built before, with a compiler, must not stand in.
        install = [
            "install",
            "--quiet",
            "--disable-pip-version-check",
            *(["--no-cache-dir"] if variables else []),
        ]
        commands = (
            [interpreter, "-m", "pip", *install, str(archive)],
            [f"{scratch}/bin/dusk", "--version"],
            [interpreter, "-c", _LOOK],
            [interpreter, str(ROOT / "scripts" / "check_scanner.py"), scanner],
        )
        for command in commands:
            finished = subprocess.run(
                command, check=False, cwd=scratch, capture_output=True, text=True, env=environment
            )
            if finished.returncode:
                print(f"{label}: {command[1:3]} failed\n{finished.stdout}{finished.stderr}", file=sys.stderr)
                return 1
            for line in (finished.stdout.strip() or "installed").splitlines():
                print(f"{label}: {line}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
