"""Docker's data directory: everything in it belongs to the daemon, which alone knows what is in use.

Source: docker 20.10 to 29 (moby, ``daemon/`` and ``volume/local``): ``image/<driver>/layerdb`` and the
databases in ``buildkit`` and ``containerd`` describe the directories of ``overlay2``; a directory removed by
hand leaves them out of step. A log is ``containers/<id>/<id>-json.log`` and stays open while the container
runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dusk.fs.names import display_name
from dusk.fs.units import count_noun
from dusk.rules.facts import Facts
from dusk.rules.probe import CannotTellError
from dusk.rules.sighting import Sighting

_CHILDREN = frozenset(
    {
        b"aufs", b"btrfs", b"builder", b"buildkit", b"containerd", b"containers", b"devicemapper",
        b"engine-id", b"fuse-overlayfs", b"image", b"network", b"overlay", b"overlay2", b"plugins",
        b"rootfs", b"runtimes", b"swarm", b"tmp", b"trust", b"vfs", b"volumes", b"zfs",
    }
)  # fmt: skip
_LEAST = 4
_PROOFS = frozenset({b"engine-id", b"overlay2"})  # of a copy from which the containers were left out
_ID = re.compile(rb"[0-9a-f]{64}\Z")
_LOG = re.compile(rb"(?:[0-9a-f]{64}-json|container-cached)\.log(?:\.\d+(?:\.gz)?)?\Z|container\.log\Z")
_SPOKEN = (
    (b"overlay2", "of layers (images, containers and build cache)"),
    (b"containerd", "of containerd's images and snapshots"),
    (b"buildkit", "of build cache records"),
    (b"volumes", "of volumes"),
)


def inspect_docker(root: int, _hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield what a data directory of Docker holds; raises CannotTellError."""
    children = facts.children(root)
    if len(_CHILDREN.intersection(children)) < _LEAST:
        return
    if b"containers" not in children and not _PROOFS.intersection(children):
        return
    stays = [child for name, child in children.items() if name in _CHILDREN and name != b"containers"]
    logs: list[int] = []
    try:
        containers = facts.children(children[b"containers"]) if b"containers" in children else {}
    except CannotTellError:
        stays.append(children[b"containers"])
        containers = {}
    for name, container in containers.items():
        if not facts.is_directory(container) or not _ID.match(name):
            continue
        for inner, child in facts.children(container).items():
            if not _LOG.match(inner):
                stays.append(child)
            elif facts.tree.apparent_size(child):
                logs.append(child)
    sentences = [f"{facts.shown_size(children[name])} {said}." for name, said in _SPOKEN if name in children]
    volumes = children.get(b"volumes")
    if volumes is not None:
        sentences += _volumes(volumes, facts)
    yield Sighting("docker-store", tuple(stays), evidence=tuple(sentences))
    for log in logs:
        yield Sighting(
            "docker-container-log",
            (log,),
            evidence=(f"{facts.shown_size(log)}, last written {facts.shown_age(log)}.",),
            withheld="a running container keeps it open, and only the daemon knows whether it runs: empty it "
            "in place instead.",
        )


def _volumes(volumes: int, facts: Facts) -> list[str]:
    """Return sentences about the biggest volumes."""
    try:
        found = facts.directories(volumes)
    except CannotTellError:
        return []
    named = sorted((name for name in found if not _ID.match(name)), key=lambda name: -facts.size(found[name]))
    said = [f"Volume {display_name(name)}: {facts.shown_size(found[name])}." for name in named[:5]]
    nameless = [child for name, child in found.items() if _ID.match(name)]
    if nameless:
        said.append(
            f"{count_noun(len(nameless), 'volume')} without a name: {facts.shown_size(*nameless)}; "
            "`docker volume ls -f dangling=true` tells which no container uses."
        )
    return said
