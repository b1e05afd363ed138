"""Install the built wheel and sdist into bare environments and look for what a user would miss."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

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
    archives = sorted([*Path(directory).glob("*.whl"), *Path(directory).glob("*.tar.gz")])
    if len(archives) != 2:
        print(f"expected a wheel and an sdist in {directory}, found {len(archives)}", file=sys.stderr)
        return 1
    return max(_check(archive) for archive in archives)


def _check(archive: Path) -> int:
    with tempfile.TemporaryDirectory() as scratch:
        venv.create(scratch, with_pip=True)
        interpreter = f"{scratch}/bin/python"
        commands = (
            [interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(archive)],
            [f"{scratch}/bin/dusk", "--version"],
            [interpreter, "-c", _LOOK],
        )
        for command in commands:
            finished = subprocess.run(command, check=False, cwd=scratch, capture_output=True, text=True)
            if finished.returncode:
                print(
                    f"{archive.name}: {command[1:3]} failed\n{finished.stdout}{finished.stderr}",
                    file=sys.stderr,
                )
                return 1
            print(f"{archive.name}: {finished.stdout.strip() or 'installed'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
