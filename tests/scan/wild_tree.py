"""Small trees with everything that a disk can hold, the same one for the same seed."""

from __future__ import annotations

import contextlib
import os
import random
import socket

ODD_NAMES = (
    b"n" * 255,
    b"\xff\xfe not utf-8 \x80",
    b"line\nbreak",
    b"\x1b[31mred\x1b[0m",
    "\u202egnp.exe".encode(),
    b"[bold]markup[red]",
    b" ",
    b"-rf",
    b"*",
    "é".encode(),
    b"e\xcc\x81",
)


def build_wild_tree(root: bytes, seed: int, entries: int = 150) -> None:
    """Fill an empty directory with files, links, holes, devices and odd names."""
    random_source = random.Random(seed)
    directories = [root]
    files: list[bytes] = []
    for number in range(entries):
        name = random_source.choice(ODD_NAMES) if random_source.random() < 0.2 else b"entry-%03d" % number
        path = os.path.join(random_source.choice(directories), name)
        if os.path.lexists(path):
            continue
        _make(random_source, path, directories, files)


def _make(random_source: random.Random, path: bytes, directories: list[bytes], files: list[bytes]) -> None:
    kind = random_source.choices(
        ("file", "directory", "hole", "hard link", "symlink", "loop", "fifo", "socket"),
        weights=(40, 25, 6, 15, 6, 3, 2, 2),
    )[0]
    if kind == "directory":
        os.mkdir(path)
        directories.append(path)
    elif kind == "hole":
        with open(path, "wb") as file:
            file.truncate(random_source.choice((4096, 10**6, 10**12)))
            file.write(b"x" * random_source.choice((0, 100, 70_000)))
        files.append(path)
    elif kind == "hard link" and files:
        os.link(random_source.choice(files), path)
        files.append(path)
    elif kind == "symlink":
        os.symlink(random_source.choice((b"/", b"missing", b"..", b"x" * 300)), path)
    elif kind == "loop":
        os.symlink(random_source.choice(directories), path)
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "socket":
        make_socket(path)
    else:
        with open(path, "wb") as file:
            file.write(b"x" * random_source.choice((0, 1, 511, 4096, 4097, 50_000)))
        os.utime(path, ns=(0, random_source.randrange(10**18)))
        files.append(path)


def make_socket(path: bytes) -> None:
    """Make a socket; its name is cut to what an address holds."""
    # A socket's address holds 108 bytes: bind in the directory and keep the path short.
    with socket.socket(socket.AF_UNIX) as listener, contextlib.suppress(OSError):
        directory = os.open(os.path.dirname(path), os.O_RDONLY)
        try:
            listener.bind(b"/proc/self/fd/%d/%s" % (directory, os.path.basename(path)[:80]))
        finally:
            os.close(directory)


def remove_deep_tree(root: bytes) -> None:
    """Remove a tree of any depth whose paths no system call takes, without recursion."""
    pending = os.path.join(root, b"pending")
    while True:
        entries = list(os.scandir(root))
        if not entries:
            break
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False):
                os.unlink(entry.path)
                continue
            os.rename(entry.path, pending)
            for number, inner in enumerate(list(os.scandir(pending))):
                os.rename(
                    inner.path, os.path.join(root, b"raised-%d-" % number + os.urandom(8).hex().encode())
                )
            os.rmdir(pending)
    os.rmdir(root)
