import json

import pytest

from dusk.actions.record import State
from dusk.report.finding_document import explanation_document, finding_document
from dusk.report.journal_document import batch_document, record_document
from dusk.report.scan_document import progress_document
from dusk.rules.finding import Action
from dusk.rules.safety import Safety
from dusk.scan.entry import Measure
from dusk.scan.scanner import Progress

from .samples import HOSTILE, MIB, make_batch, make_finding, make_offer, make_record

SUGGESTED = {
    "rule", "title", "paths", "safety", "action", "size", "frees_now", "frees_after_purge", "why", "recover",
    "apparent_size", "disk_size", "shared_size", "family", "tag", "what", "cost", "command", "evidence",
    "offers", "measure",
}  # fmt: skip


def test_a_scan_has_the_keys_that_scripts_rely_on() -> None:
    progress = Progress(10, 2, 1, 30, 40, 2.0, b"/data/x", True, False, "reference")
    document = progress_document(progress, b"/data", [(b"/data/y", "Permission denied")])
    keys = {"entries", "dirs", "errors", "apparent_bytes", "disk_bytes", "seconds", "scanner", "rate", "path"}
    assert keys | {"cancelled"} <= set(document)
    assert document["rate"] == 5.0
    assert document["unreadable"] == [{"path": "/data/y", "error": "Permission denied"}]


def test_a_suggestion_has_the_keys_that_scripts_rely_on() -> None:
    assert set(finding_document(make_finding())) >= SUGGESTED


def test_the_paths_are_those_that_the_default_action_touches() -> None:
    document = finding_document(make_finding())
    assert document["paths"] == ["/data/run/checkpoint-1", "/data/run/checkpoint-2"]
    assert document["about"]["paths"] == ["/data/run"]
    assert (document["action"], document["frees_after_purge"]) == ("trash", 200 * MIB)


def test_size_is_in_the_measure_that_is_named() -> None:
    disk, apparent = (finding_document(make_finding(), measure) for measure in Measure)
    assert (disk["measure"], disk["size"]) == ("disk", 300 * MIB)
    assert (apparent["measure"], apparent["size"]) == ("apparent", 400 * MIB)
    assert apparent["offers"][0]["size"] == 400 * MIB


def test_what_offers_nothing_has_the_action_none() -> None:
    document = finding_document(make_finding(safety=Safety.KEEP, offers=()))
    assert (document["action"], document["frees_now"], document["frees_after_purge"]) == ("none", 0, 0)
    assert document["paths"] == ["/data/run"]


def test_names_of_any_bytes_survive_json() -> None:
    offer = make_offer(action=Action.ARCHIVE, paths=(HOSTILE,))
    text = json.dumps(finding_document(make_finding(offers=(offer,))))
    assert text.isascii()
    assert json.loads(text)["paths"][0].encode("utf-8", "surrogateescape") == HOSTILE


def test_a_batch_and_its_records() -> None:
    document = batch_document(make_batch(states={State.DONE: 1, State.FAILED: 0}), [make_record()])
    assert document["batch"] == 3
    assert document["states"] == {"done": 1}
    assert document["records"][0]["trash_path"] == "/data/.Trash-0/files/a"
    assert "records" not in batch_document(make_batch())
    assert json.dumps(record_document(make_record(source=HOSTILE))).isascii()


def test_an_explanation() -> None:
    explain = pytest.importorskip("dusk.rules.explain", exc_type=ImportError)
    known = explain.Explanation(
        b"/data/run", "t", Safety.REVIEW, "w", ("e", "f"), "c", "r", "cmd", make_finding(), None
    )
    document = explanation_document(known)
    assert document["why"] == "e f"
    assert document["finding"]["rule"] == "trainer-old-checkpoints"
    assert document["inside"] is None
