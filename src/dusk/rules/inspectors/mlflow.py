"""MLflow runs: those in use, and those that somebody deleted without the files going.

Source: mlflow 3.18: the file store keeps ``<experiment>/<run>/meta.yaml`` with ``lifecycle_stage``, and
deleted experiments in ``.trash``; with a database the same directories hold only ``artifacts``, and the
database says which runs are deleted. ``mlflow gc`` removes the files of deleted runs.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from urllib.parse import quote

from dusk.fs.names import display_name
from dusk.rules.facts import Facts
from dusk.rules.probe import CannotTellError
from dusk.rules.sighting import Sighting

_RUN = re.compile(rb"[0-9a-f]{32}\Z")
_MODEL = re.compile(rb"m-[0-9a-f]{32}\Z")
_IS_RUN = re.compile(rb"^run_(?:uu)?id:", re.MULTILINE)
_DELETED = re.compile(rb"^lifecycle_stage: ['\"]?deleted\b", re.MULTILINE)
_STAGE = re.compile(rb"^lifecycle_stage:", re.MULTILINE)
_HEAD = 16 * 1024
_DATABASES = (b"mlflow.db", b"mlruns.db")


def inspect_mlflow_run(run: int, _hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield what the ``meta.yaml`` in a directory says; raises CannotTellError."""
    meta = facts.child(run, b"meta.yaml")
    if meta is None or not facts.is_file(meta) or facts.ground.is_managed(run):
        return
    if facts.tree.name(run) == b"recipe":
        return  # conda keeps one for each package
    try:
        text = facts.head(meta, _HEAD)
    except CannotTellError:
        if _RUN.match(facts.tree.name(run)):
            yield _kept(run)
        return
    if not _IS_RUN.search(text) or not _STAGE.search(text):
        return
    if b".trash" in facts.ground.names_above(run):
        return  # the whole experiment is one finding
    if _DELETED.search(text):
        yield _deleted(run, "Its meta.yaml says `lifecycle_stage: deleted`.", facts)
    else:
        yield _kept(run)


def inspect_mlflow_store(store: int, _hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield the artifact directories that only a database describes, and deleted experiments."""
    deleted: frozenset[bytes] | None = None
    for name, experiment in facts.directories(store).items():
        if name == b".trash":
            yield from _trashed(experiment, facts)
            continue
        try:
            runs = facts.directories(experiment)
        except CannotTellError:
            yield _kept(experiment)
            continue
        for child_name, child in runs.items():
            if child_name == b"models" and any(_MODEL.match(one) for one in facts.directories(child)):
                yield _kept(child)
            if not _RUN.match(child_name) or facts.child(child, b"meta.yaml") is not None:
                continue
            if facts.child(child, b"artifacts") is None:
                if not facts.tree.child_count(child):
                    yield _kept(child)  # of a run without files; nobody else may call it empty
                continue
            if deleted is None:
                deleted = _deleted_runs(store, facts)
            if child_name in deleted:
                yield _deleted(child, "The database beside it says that this run was deleted.", facts)
            else:
                yield _kept(child)


def _trashed(trash: int, facts: Facts) -> Iterator[Sighting]:
    for name, experiment in facts.directories(trash).items():
        if facts.child(experiment, b"meta.yaml") is not None:
            yield Sighting(
                "mlflow-deleted-run",
                (experiment,),
                evidence=("It lies in MLflow's own .trash: somebody deleted the experiment.",),
                title=f"Deleted MLflow experiment {display_name(name)}",
            )


def _deleted(run: int, evidence: str, facts: Facts) -> Sighting:
    return Sighting("mlflow-deleted-run", (run,), evidence=(evidence, f"{facts.shown_size(run)} of files."))


def _kept(run: int) -> Sighting:
    return Sighting("mlflow-run", (run,))


def _deleted_runs(store: int, facts: Facts) -> frozenset[bytes]:
    """Return the runs that the database beside a store calls deleted; none where it cannot be asked."""
    parent = facts.tree.parent(store)
    if parent < 0:
        return frozenset()
    for name in _DATABASES:
        database = facts.child(parent, name)
        if database is None or not facts.is_file(database):
            continue
        log = facts.child(parent, name + b"-wal")
        if log is not None and facts.tree.entry(log).identity.size:
            return frozenset()  # the newest rows are not in the database itself
        path = facts.path(database)
        try:
            return facts.prober.run(lambda path=path: _ask(path))  # type: ignore[misc]
        except (CannotTellError, sqlite3.Error):
            return frozenset()
    return frozenset()


def _ask(path: bytes) -> frozenset[bytes]:
    # Immutable: nothing is locked or written, not even a journal beside it.
    uri = f"file:{quote(os.fsencode(path))}?mode=ro&immutable=1"
    connection = sqlite3.connect(uri, uri=True)
    try:
        rows = connection.execute("SELECT run_uuid FROM runs WHERE lifecycle_stage = 'deleted'").fetchall()
    finally:
        connection.close()
    return frozenset(str(row[0]).encode() for row in rows)
