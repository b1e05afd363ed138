"""Small images of filesystems, mounted through loop devices."""

from __future__ import annotations

import subprocess

from .laboratory import NotHere

_MAKING = {
    "ext4": ("192M", ["mkfs.ext4", "-q", "-F"]),
    "xfs": ("384M", ["mkfs.xfs", "-q", "-f"]),
    "btrfs": ("320M", ["mkfs.btrfs", "-q", "-f"]),
}


def make_image(path: bytes, kind: str) -> bytes:
    """Make a sparse image with an empty filesystem. Raises NotHere."""
    size, command = _MAKING[kind]
    subprocess.run(["truncate", "-s", size, path], check=True)
    try:
        subprocess.run([*command, path], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as problem:
        raise NotHere(f"no {kind} here: {problem}") from problem
    return path
