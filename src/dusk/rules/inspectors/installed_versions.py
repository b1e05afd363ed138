"""What the system keeps in several versions: kernels in ``/boot``, revisions of snaps, CUDA toolkits.

Sources: Debian kernel-handbook; snapd 2.6x, ``/var/lib/snapd/snaps/<name>_<revision>.snap``; CUDA
installation guide: ``/usr/local/cuda`` is a link to the version in use.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from dusk.fs.names import display_name
from dusk.fs.units import count_noun
from dusk.rules.facts import Facts
from dusk.rules.probe import CannotTellError
from dusk.rules.sighting import Part, Sighting

_KERNEL = re.compile(rb"vmlinu[xz]-(?P<version>\d+\.\d+.*)\Z", re.DOTALL)
_SNAP = re.compile(rb"(?P<name>[\w.+-]+)_(?P<revision>x?\d+)\.snap\Z")
_CUDA = re.compile(rb"cuda-(?P<version>\d+\.\d+)\Z")
_BELONGING = (
    b"vmlinuz-",
    b"vmlinux-",
    b"initrd.img-",
    b"initramfs-",
    b"System.map-",
    b"config-",
    b"symvers-",
)
_KERNELS_KEPT = 2


def inspect_installed_versions(directory: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield what is not the newest of several versions in one directory."""
    names = {facts.tree.name(hit): hit for hit in hits}
    if facts.tree.name(directory).rsplit(b"/", 1)[-1] == b"boot":
        yield from _kernels(directory, names, facts)
    yield from _snaps(names, facts)
    yield from _toolkits(directory, names, facts)


def _kernels(directory: int, names: dict[bytes, int], facts: Facts) -> Iterator[Sighting]:
    found = {match["version"]: hit for name, hit in names.items() if (match := _KERNEL.match(name))}
    versions = sorted(found, key=_numbers)
    running = os.uname().release.encode()
    old = [one for one in versions[:-_KERNELS_KEPT] if one != running]
    if not old:
        return
    children = facts.children(directory)
    for version in old:
        files = [children[start + version] for start in _BELONGING if start + version in children]
        yield Sighting(
            "old-kernel",
            (found[version],),
            parts=tuple(Part(file, (found[version],)) for file in files),
            evidence=(
                f"{count_noun(len(versions), 'kernel')} are installed; {display_name(version)} is neither "
                "running nor one "
                f"of the newest {_KERNELS_KEPT}.",
            ),
            words={"version": display_name(version)},
        )


def _snaps(names: dict[bytes, int], facts: Facts) -> Iterator[Sighting]:
    snaps: dict[bytes, list[tuple[int, int]]] = {}
    for name, hit in names.items():
        match = _SNAP.match(name)
        if match is not None and facts.is_file(hit):
            snaps.setdefault(match["name"], []).append((int(match["revision"].lstrip(b"x")), hit))
    for name, revisions in snaps.items():
        for revision, hit in sorted(revisions)[:-1]:
            yield Sighting(
                "old-snap",
                (hit,),
                evidence=(
                    f"{count_noun(len(revisions), 'revision')} of {display_name(name)}; this is not the "
                    "newest.",
                ),
                words={"snap": display_name(name), "revision": str(revision)},
            )


def _toolkits(directory: int, names: dict[bytes, int], facts: Facts) -> Iterator[Sighting]:
    found = {match["version"]: hit for name, hit in names.items() if (match := _CUDA.match(name))}
    toolkits = {version: hit for version, hit in found.items() if facts.is_directory(hit)}
    if len(toolkits) < 2:
        return
    used = _target_of(directory, facts)
    newest = max(toolkits, key=_numbers)
    for version, hit in toolkits.items():
        if facts.tree.name(hit) != used and version != newest:
            yield Sighting(
                "old-toolkit",
                (hit,),
                evidence=(
                    f"{count_noun(len(toolkits), 'toolkit')}; the link cuda leads to "
                    f"{display_name(used) if used else 'none of them'}, and {display_name(newest)} is the "
                    "newest.",
                ),
                words={"version": display_name(version), "dashed": display_name(version.replace(b".", b"-"))},
            )


def _target_of(directory: int, facts: Facts) -> bytes:
    link = facts.child(directory, b"cuda")
    try:
        [target] = facts.links([link]) if link is not None else [b""]
    except CannotTellError:
        return b""
    return os.path.basename(target.rstrip(b"/"))


def _numbers(text: bytes) -> tuple[int, ...]:
    return tuple(int(one) for one in re.findall(rb"\d+", text))
