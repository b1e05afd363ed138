from dataclasses import replace

from dusk.fs.survey import LinkedInode
from dusk.plan.conflict import conflicts
from dusk.plan.plan import Plan
from dusk.plan.step import Step
from dusk.rules.finding import Action
from dusk.rules.safety import Safety

from .samples import archive, make_survey, make_target, trash


def blocking(plan: Plan) -> list[str]:
    return [conflict.sentence for conflict in conflicts(plan) if conflict.blocking]


def notes(plan: Plan) -> list[str]:
    return [conflict.sentence for conflict in conflicts(plan) if not conflict.blocking]


def test_a_simple_plan_has_none() -> None:
    assert conflicts(Plan().with_step(trash(make_target(b"/a")))) == ()


def test_two_actions_on_nested_targets_block() -> None:
    plan = Plan().with_step(trash(make_target(b"/a"))).with_step(archive(make_target(b"/a/b")))
    (sentence,) = blocking(plan)
    assert "/a/b lies in /a" in sentence
    assert "archive /cold" in sentence and "trash" in sentence


def test_a_covered_target_of_a_plan_made_elsewhere_is_a_note() -> None:
    plan = Plan((trash(make_target(b"/a"), make_target(b"/a/b")),))
    assert blocking(plan) == []
    assert "counted once" in notes(plan)[0]


def test_a_target_queued_twice_blocks() -> None:
    plan = Plan((trash(make_target(b"/a")), trash(make_target(b"/a"), name="two")))
    assert "queued twice" in blocking(plan)[0]


def test_an_archive_directory_inside_a_target_blocks() -> None:
    plan = Plan().with_step(archive(make_target(b"/data"), destination=b"/data/archive"))
    assert "lies in /data" in blocking(plan)[0]
    other = Plan().with_step(trash(make_target(b"/cold"))).with_step(archive(make_target(b"/data")))
    assert "lies in /cold" in blocking(other)[0]


def test_an_archive_needs_a_directory() -> None:
    assert (
        "No archive directory" in blocking(Plan().with_step(archive(make_target(b"/a"), destination=b"")))[0]
    )


def test_what_lies_in_the_archive_already_is_not_archived_again() -> None:
    assert "already" in blocking(Plan().with_step(archive(make_target(b"/cold/a"))))[0]


def test_an_archive_on_the_same_filesystem_says_what_it_uses() -> None:
    plan = Plan().with_step(archive(make_target(b"/a", 2048, device=4), device=4))
    assert blocking(plan) == []
    assert "frees nothing, and uses 2.00 KiB more" in notes(plan)[0]


def test_kept_things_block_until_someone_insists() -> None:
    kept = make_target(b"/a", safety=Safety.KEEP, title="User notes")
    holder = make_target(b"/b", keeps=(b"/b/1", b"/b/2", b"/b/3", b"/b/4"))
    plan = Plan().with_step(trash(kept, holder))
    assert blocking(plan) == [
        "/a should be kept (User notes).",
        "/b holds what should be kept: 1, 2, 3 and 1 more.",
    ]
    assert blocking(plan.insisting("t")) == []
    assert len(notes(plan.insisting("t"))) == 2


def test_hard_links_outside_are_said_with_their_bytes() -> None:
    target = make_target(b"/a", 8192)
    link = LinkedInode(1, 77, 2, 1, 4096)
    target = replace(target, survey=make_survey(target, 8192, (link,)))
    assert "4.00 KiB in /a stay in use: 1 file has other names" in notes(Plan().with_step(trash(target)))[0]
    other = make_target(b"/b", 4096)
    other = replace(other, survey=make_survey(other, 4096, (link,)))
    assert notes(Plan().with_step(trash(target, other))) == []


def test_a_step_without_an_action_blocks() -> None:
    assert blocking(Plan((Step("n", Action.NONE, (make_target(b"/a"),)),)))


def test_hostile_names_are_shown_harmless() -> None:
    plan = Plan().with_step(archive(make_target(b"/x\x1b[2J\n"), destination=b"/x\x1b[2J\n/in"))
    assert all("\x1b" not in sentence and "\n" not in sentence for sentence in blocking(plan))
