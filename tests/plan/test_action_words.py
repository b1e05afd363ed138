"""Every action has its words, and what cannot be undone is done last."""

from dataclasses import replace

import pytest

from dusk.plan.action_words import WORDS, doing, goal, how, undo_words, words_of
from dusk.plan.document import decode_plan, encode_plan
from dusk.plan.plan import Plan
from dusk.plan.step import Step
from dusk.rules.finding import Action, ActionOptions

from .samples import archive, make_target, trash


def test_every_action_has_words_and_a_sign_of_its_own():
    assert set(WORDS) == set(Action)
    assert len({words.sign for words in WORDS.values()}) == len(WORDS)
    for words in WORDS.values():
        assert len(words.sign) == 1 and len(words.tag) <= 18 and len(words.short) <= 8
        assert "{}" in words.verb and "{}" in words.diary


@pytest.mark.parametrize("action", list(Action))
def test_every_action_can_be_told_of_a_step(action):
    step = Step("s", action, (make_target(b"/a"),), options=ActionOptions(command=("uv", "cache", "prune")))
    assert all((goal(step), doing(step), how(step), undo_words(step)))
    assert words_of(action.value) is WORDS[action]


def test_the_words_follow_the_options():
    step = Step("s", Action.DEDUPE, (make_target(b"/a"),), options=ActionOptions(form="hard-link"))
    assert "hard links" in goal(step) and "changes all" in how(step)
    packed = replace(archive(make_target(b"/a")), options=ActionOptions(form="tar.zst"))
    assert ".tar.zst" in goal(packed)
    native = Step("n", Action.NATIVE, (make_target(b"/a"),), options=ActionOptions(command=("a", "b c\x1b")))
    assert "\x1b" not in goal(native) and "cannot be undone" in goal(native)


def test_what_cannot_be_undone_is_done_last_however_it_was_queued():
    final = Step("n", Action.NATIVE, (make_target(b"/n"),), options=ActionOptions(command=("true",)))
    plan = Plan().with_step(final).with_step(trash(make_target(b"/a"))).with_step(archive(make_target(b"/b")))
    assert [step.action for step in plan.steps] == [Action.TRASH, Action.ARCHIVE, Action.NATIVE]
    assert plan.step_of(b"/a").action is Action.TRASH
    document = encode_plan(Plan((final, trash(make_target(b"/a")))))
    assert [step.action for step in decode_plan(document).steps] == [Action.TRASH, Action.NATIVE]


def test_an_unknown_action_of_an_older_journal_still_has_words():
    assert words_of("teleport") is WORDS[Action.NONE]
