"""Findings, batches and trees as the reports get them."""

from dusk.actions.record import BatchKind, BatchRecord, Record, State
from dusk.fs.identity import EntryKind, Identity
from dusk.rules.finding import Action, Finding, Offer
from dusk.rules.safety import Safety

HOSTILE = b"/data/\x1b[2J\nx\xff\xe2\x80\xae"
NOW = 1_000_000_000.0
MIB = 1024**2


def make_offer(**facts) -> Offer:
    base = {
        "action": Action.TRASH,
        "label": "Trash 2 old checkpoints",
        "paths": (b"/data/run/checkpoint-1", b"/data/run/checkpoint-2"),
        "apparent_size": 400 * MIB,
        "disk_size": 300 * MIB,
        "frees_now": 0,
        "frees_after_purge": 200 * MIB,
    }
    return Offer(**(base | facts))


def make_finding(**facts) -> Finding:
    base = {
        "rule": "trainer-old-checkpoints",
        "title": "Old checkpoints of a run",
        "family": "checkpoint",
        "tag": "old ckpt",
        "paths": (b"/data/run",),
        "entries": (3,),
        "safety": Safety.REVIEW,
        "what": "Checkpoints between the best and the last one.",
        "evidence": ("The best one is checkpoint-3.", "The last one is checkpoint-9."),
        "cost": "Going back to these steps needs training again.",
        "recover": "Train again: about 4 hours.",
        "command": "rm -r /data/run/checkpoint-1",
        "apparent_size": 500 * MIB,
        "disk_size": 450 * MIB,
        "shared_size": 7 * MIB,
        "newest_mtime_ns": 5 * 10**9,
        "offers": (make_offer(),),
        "source": "transformers/trainer_utils.py",
        "members": (b"/data/run/checkpoint-3",),
    }
    return Finding(**(base | facts))


def make_record(**facts) -> Record:
    identity = Identity(1, 2, EntryKind.FILE, 3, 4, 1)
    base = {
        "source": b"/data/a",
        "identity": identity,
        "action": "trash",
        "state": State.DONE,
        "apparent_size": 3 * MIB,
        "disk_size": 2 * MIB,
        "trash": b"/data/.Trash-0",
        "trash_name": b"a",
    }
    return Record(**(base | facts))


def make_batch(**facts) -> BatchRecord:
    base = {
        "id": 3,
        "kind": BatchKind.ACT,
        "title": "",
        "started_ns": int((NOW - 7200) * 1e9),
        "finished_ns": int((NOW - 7199) * 1e9),
        "reverses": 0,
        "items": 2,
        "states": {State.DONE: 2},
        "undoable": 2,
        "entries": 4,
        "apparent_size": 6 * MIB,
        "disk_size": 4 * MIB,
        "frees_after_purge": 4 * MIB,
    }
    return BatchRecord(**(base | facts))
