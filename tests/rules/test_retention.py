"""What of a series stays: the newest, the best, the young; and what the user says about it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dusk.rules.ages import Ages
from dusk.rules.examples import judge_directory
from dusk.rules.retention import Member, Policies, Policy
from dusk.rules.rulebook import RuleBook
from dusk.settings import Retention, Settings, SettingsError, Thresholds, load_settings

from .trees import DAY, book, put

AGES = Ages.from_thresholds(Thresholds())


def series(count: int, best: int = -1) -> list[Member]:
    return [Member(number, number, (count - number) * DAY, number == best) for number in range(count)]


def test_without_a_word_the_last_and_the_best_stay() -> None:
    kept = Policy().apply(series(5, best=1))
    assert kept.going == (0, 2, 3)
    assert kept.reasons == {1: "it is the best one", 4: "it is the last one"}


def test_the_newest_few_stay_and_the_order_is_that_of_the_steps() -> None:
    members = [Member(1, 900, 1 * DAY), Member(2, 1000, 9 * DAY), Member(3, 50, 0.0)]
    assert Policy(newest=2).apply(members).going == (3,), "a copied file looks new; its step does not"


def test_only_what_is_old_enough_goes() -> None:
    assert Policy(older_than=3 * DAY).apply(series(6)).going == (0, 1, 2, 3)


def test_the_last_one_stays_whatever_is_said() -> None:
    assert Policy(newest=0, best=False).apply(series(2, best=0)).going == (0,)


def test_a_rule_goes_before_a_family_and_a_family_before_all() -> None:
    settings = {
        "all": Retention(newest=9, older_than="90d"),
        "checkpoint": Retention(newest=4),
        "trainer-old-checkpoint": Retention(newest=2),
    }
    policies = Policies.build(book().rules, settings, AGES)
    assert policies.for_rule("trainer-old-checkpoint") == Policy(2, True, 90 * DAY)
    assert policies.for_rule("trainer-optimizer-state").newest == 4
    assert policies.for_rule("queue-failed").newest == 9
    assert Policies.build(book().rules, {}, AGES).for_rule("trainer-old-checkpoint") == Policy()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[retention.all]\nnewest = 0", r"retention\.all\.newest: at least 1"),
        ('[retention."x"]\nolder_than = "soon"', r"retention\.x\.older_than: not an age"),
        ("[retention.x]\nnew = 3", "new"),
    ],
)
def test_a_retention_that_keeps_nothing_or_says_no_age_is_an_error(
    tmp_path: Path, text: str, message: str
) -> None:
    put(tmp_path / "config.toml", text)
    with pytest.raises(SettingsError, match=message):
        load_settings(os.fsencode(tmp_path))


RULE = """
[[rule]]
id = "my-dump"
title = "Old dumps of {stem}"
family = "mine"
tag = "dumps"
safety = "review"
actions = ["trash"]
noun = ["dump", "dumps"]
series = { pattern = '(?P<stem>\\w+)-(?P<number>\\d+)\\.dump', order = "rising" }
retain = { newest = 2 }
[rule.match]
names = ["*.dump"]
kind = "file"
[rule.explain]
what = "Dumps."
cost = "Old states."
recover = "Not."
"""


def judged(tmp_path: Path, **retention: Retention):
    put(tmp_path / "config" / "rules" / "mine.toml", RULE)
    rules = RuleBook.load(os.fsencode(tmp_path / "config"))
    assert not rules.problems, rules.problems
    return judge_directory(os.fsencode(tmp_path / "tree"), rules, Settings(retention=retention))


def test_a_series_is_one_suggestion_with_its_members(tmp_path: Path) -> None:
    for number in (8, 9, 10, 11):
        put(tmp_path / "tree" / f"db-{number}.dump")
        put(tmp_path / "tree" / "other" / f"db-{number}.dump")
    put(tmp_path / "tree" / "db-final.dump")
    put(tmp_path / "tree" / "web-1.dump")
    found = [one for one in judged(tmp_path).findings() if one.rule == "my-dump"]
    assert len(found) == 2, "one for each directory; a series of one or two has nothing to give"
    top = next(one for one in found if one.paths[0].startswith(os.fsencode(tmp_path / "tree" / "db")))
    assert [os.path.basename(path) for path in top.paths] == [b"db-8.dump", b"db-9.dump"]
    assert [os.path.basename(path) for path in top.members] == [b"db-10.dump", b"db-11.dump"]
    assert top.title == "Old dumps of db"
    assert "2 of 4 dumps of db: db-8.dump, db-9.dump." in top.evidence
    assert "db-11.dump stays: it is the last one." in top.evidence


def test_settings_say_how_much_of_a_series_stays(tmp_path: Path) -> None:
    for number in range(5):
        put(tmp_path / "tree" / f"db-{number}.dump", age=(5 - number) * DAY)
    found = [one for one in judged(tmp_path, mine=Retention(newest=4)).findings() if one.rule == "my-dump"]
    assert [os.path.basename(path) for path in found[0].paths] == [b"db-0.dump"]


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (("(?P<stem>", "(?P<stem"), "rule[0].series.pattern"),
        (("(?P<stem>\\w+)", "\\w+"), "rule[0].series.pattern"),
        (("(?P<number>\\d+)", "\\d+"), "rule[0].series.pattern"),
        (("newest = 2", "newest = 0"), "rule[0].retain.newest"),
    ],
)
def test_a_wrong_series_is_reported_with_its_key_and_line(
    tmp_path: Path, change: tuple[str, str], key: str
) -> None:
    assert change[0] in RULE
    put(tmp_path / "config" / "rules" / "mine.toml", RULE.replace(*change))
    (problem,) = RuleBook.load(os.fsencode(tmp_path / "config")).problems
    assert problem.key == key
    assert problem.line in (10, 11)
