"""Sessions of Ray: which of them is over.

Source: ray 2.60, ``_private/node.py``: a session directory is ``session_<date>_<time>_<microseconds>_<pid>``,
``session_latest`` links to the newest, and every process of a cluster is started with the session's path.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from dusk.fs.identity import EntryKind
from dusk.rules.facts import Facts
from dusk.rules.probe import CannotTellError
from dusk.rules.sighting import Sighting

_SESSION = re.compile(rb"session_\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d_\d+_(\d+)\Z")
_LATEST = b"session_latest"
_SHOWN = (
    (b"logs", "logs"),
    (b"ray_spilled_objects", "spilled objects"),
    (b"runtime_resources", "environments"),
)
_COMMAND = 16 * 1024


def inspect_ray(directory: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield the sessions in one of Ray's directories; raises CannotTellError."""
    latest = facts.child(directory, _LATEST)
    named = b""
    if latest is not None and facts.tree.kind(latest) is EntryKind.SYMLINK:
        named = facts.links([latest])[0].rstrip(b"/").rsplit(b"/", 1)[-1]
    sessions = [(hit, match) for hit in hits if (match := _SESSION.match(facts.tree.name(hit)))]
    for session, match in sessions:
        if not facts.is_directory(session) or not any(
            facts.child(session, name) is not None for name in (b"logs", b"sockets")
        ):
            continue
        name = facts.tree.name(session)
        yield _session(session, int(match[1]), name == named, facts)


def _session(session: int, pid: int, is_latest: bool, facts: Facts) -> Sighting:
    evidence = [f"Its newest change was {facts.shown_age(session)}."]
    for name, said in _SHOWN:
        child = facts.child(session, name)
        if child is not None and facts.tree.apparent_size(child):
            evidence.append(f"{facts.shown_size(child)} of {said}.")
    is_bound = _has_raylet(session, facts)
    withheld = ""
    process = _process_of(facts.tree.name(session), pid, facts)
    if process:
        withheld = process
    elif facts.is_live(session):
        withheld = f"it changed {facts.shown_age(session)}; the cluster may be running."
    elif is_bound and facts.age(session) < facts.ages.old_after:
        withheld = (
            "raylet's socket is in it: the cluster was killed, or it runs in a container that dusk cannot "
            "look into. `ray stop` ends it."
        )
    else:
        evidence.append("No process was started with its path, and its driver has ended.")
    if is_latest:
        evidence.append("session_latest points at it: it is the last one that was started here.")
    return Sighting(
        "ray-session",
        (session,),
        evidence=tuple(evidence),
        withheld=withheld,
        safety="review" if is_latest or is_bound else "",
    )


def _has_raylet(session: int, facts: Facts) -> bool:
    """Return whether raylet's socket is there: it takes it away when it ends as it should."""
    socket = facts.child(session, b"sockets", b"raylet")
    return socket is not None and facts.tree.kind(socket) is EntryKind.SOCKET


def _process_of(name: bytes, pid: int, facts: Facts) -> str:
    """Return a sentence about a process that may belong to a session, empty when there is none."""

    def ask() -> str:
        for entry in os.listdir(b"/proc"):
            if not entry.isdigit():
                continue
            try:
                with open(b"/proc/" + entry + b"/cmdline", "rb") as file:
                    command = file.read(_COMMAND)
            except OSError:
                continue
            if name in command:
                return f"process {entry.decode()} was started with its path."
            if int(entry) == pid and (b"python" in command or b"ray" in command):
                return f"process {pid}, which started it, may still be running."
        return ""

    try:
        return facts.prober.run(ask)
    except CannotTellError as error:
        return f"dusk cannot tell whether it is running: {error}."
