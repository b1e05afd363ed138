import json

import pytest

from dusk.actions.record import BatchKind, State
from dusk.report.diary import batch_text, journal_text, time_ago
from dusk.rules.finding import Action

from .samples import HOSTILE, NOW, make_batch, make_record


def test_a_batch_is_one_sentence() -> None:
    text = journal_text([make_batch()], {3: [make_record(), make_record()]}, now=NOW)
    assert text == "2 hours ago, batch 3: moved 2 things (4.00 MiB) to the trash"


def test_two_actions_of_a_batch_are_told_apart() -> None:
    records = [make_record(), make_record(action="archive", destination=b"/cold/a")]
    text = journal_text([make_batch()], {3: records}, now=NOW)
    assert "moved 1 thing (2.00 MiB) to the trash, archived 1 thing (2.00 MiB)" in text


@pytest.mark.parametrize(
    ("states", "end"),
    [
        ({State.UNDONE: 2}, "; undone"),
        ({State.UNDONE: 1, State.DONE: 1}, "; 1 of 2 undone"),
        ({State.PURGED: 2}, "; deleted for good"),
        ({State.FAILED: 1, State.DONE: 1}, "; 1 of 2 failed"),
        ({State.INTENT: 1, State.DONE: 1}, "; 1 of 2 interrupted"),
        ({State.AMBIGUOUS: 1, State.DONE: 1}, "; 1 of 2 needs a look"),
    ],
)
def test_what_became_of_it_is_said(states: dict, end: str) -> None:
    assert journal_text([make_batch(states=states)], now=NOW).endswith(end)


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        (BatchKind.ACT, "acted on 2 things (4.00 MiB)"),
        (BatchKind.UNDO, "took batch 2 back, 2 things (4.00 MiB)"),
        (BatchKind.RESTORE, "put 2 things (4.00 MiB) back from the trash"),
        (BatchKind.EMPTY, "deleted 2 things (4.00 MiB) of the trash for good"),
    ],
)
def test_every_kind_of_batch_has_its_sentence(kind: BatchKind, sentence: str) -> None:
    batch = make_batch(kind=kind, reverses=2, states={State.PURGED: 2} if kind is BatchKind.EMPTY else {})
    assert journal_text([batch], now=NOW).endswith(f"batch 3: {sentence}")


def test_an_empty_journal_says_so() -> None:
    assert journal_text([]) == "Nothing was done yet."


def test_one_batch_lists_where_everything_is_now() -> None:
    records = [make_record(), make_record(source=b"/data/b", state=State.FAILED, error="It was open.")]
    text = batch_text(make_batch(states={State.DONE: 1, State.FAILED: 1}), records, now=NOW)
    assert "/data/a" in text
    assert "now in /data/.Trash-0/files/a" in text
    assert "It was open." in text
    assert text.endswith("Take it back: dusk undo 3")


def test_hostile_names_break_no_line() -> None:
    text = batch_text(make_batch(title="a\nb"), [make_record(source=HOSTILE, title="\x1b")], now=NOW)
    assert "\x1b" not in text
    assert len(text.splitlines()) == 4


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3600, "in the future"),
        (0, "just now"),
        (95, "2 minutes ago"),
        (3600, "1 hour ago"),
        (7200, "2 hours ago"),
        (86400, "24 hours ago"),
        (200000, "2 days ago"),
    ],
)
def test_times_are_told_in_words(seconds: float, words: str) -> None:
    assert time_ago(seconds) == words


@pytest.mark.parametrize("action", [action.value for action in Action if action is not Action.NONE])
def test_every_action_is_told_in_words_of_its_own(action: str) -> None:
    line = journal_text([make_batch()], {1: [make_record(action=action)]}, now=NOW)
    assert "did nothing" not in line and f"{action}:" not in line


def test_what_a_tool_was_asked_and_said_is_kept_harmless() -> None:
    detail = json.dumps(
        {"command": ["uv", "cache", "prune", "a b"], "freed": 2048, "output": "1\n\x1b[31mtwo\n"}
    )
    text = batch_text(make_batch(), [make_record(action="native", detail=detail)], now=NOW)
    assert "ran uv cache prune 'a b', freed 2.00 KiB" in text and "two" in text
    assert "\x1b" not in text
    assert "ran" in batch_text(make_batch(), [make_record(action="native", detail="broken")], now=NOW)
