"""A tree of many small files, made once and kept between runs."""

from __future__ import annotations

import os
from pathlib import Path


def file_tree(directory: Path, directories: int, files: int) -> Path:
    """Return a tree of so many directories with so many files each, made now if it is not there."""
    root = directory / f"dusk-benchmark-{directories}x{files}"
    done = root / "complete"
    if done.exists():
        return root
    for number in range(directories):
        place = root / f"a{number % 100:02d}" / f"b{number // 100 % 100:03d}" / f"run_{number:05d}"
        place.mkdir(parents=True, exist_ok=True)
        for index in range(files):
            descriptor = os.open(place / f"sample_{index:06d}.jpg", os.O_CREAT | os.O_WRONLY, 0o644)
            if index % 10 == 0:
                os.write(descriptor, b"twenty bytes of data")
            os.close(descriptor)
    done.touch()
    return root
