from dataclasses import replace

from dusk.fs.identity import EntryKind, Identity
from dusk.fs.survey import LinkedInode
from dusk.plan.freed import Freed, freed
from dusk.plan.plan import Plan
from dusk.plan.step import Target
from dusk.rules.finding import Action
from dusk.rules.safety import Safety

from .samples import archive, make_survey, make_target, paths, trash


def test_an_equal_target_is_queued_once() -> None:
    plan = Plan().with_step(trash(make_target(b"/a")))
    assert plan.with_step(trash(make_target(b"/a"), name="again")) is plan


def test_another_action_moves_the_target_to_the_new_step() -> None:
    plan = Plan().with_step(trash(make_target(b"/a"), make_target(b"/b")))
    moved = plan.with_step(archive(make_target(b"/a")))
    assert moved.step_of(b"/a").action is Action.ARCHIVE
    assert moved.step_of(b"/b").action is Action.TRASH
    assert paths(moved) == [b"/b", b"/a"]


def test_a_target_below_one_of_the_same_action_is_covered() -> None:
    plan = Plan().with_step(trash(make_target(b"/a")))
    assert plan.with_step(trash(make_target(b"/a/b/c"))) is plan
    assert plan.covered(b"/a/b/c")
    assert plan.step_of(b"/a/b/c") is None


def test_a_target_above_takes_in_what_it_covers() -> None:
    plan = Plan().with_step(trash(make_target(b"/a/b"), make_target(b"/c"), name="one"))
    wider = plan.with_step(trash(make_target(b"/a"), name="two"))
    assert paths(wider) == [b"/c", b"/a"]


def test_a_name_that_only_begins_alike_is_not_covered() -> None:
    plan = Plan().with_step(trash(make_target(b"/a")))
    assert not plan.covered(b"/ab")
    assert paths(plan.with_step(trash(make_target(b"/ab"), name="two"))) == [b"/a", b"/ab"]


def test_two_archives_to_different_places_do_not_cover_each_other() -> None:
    plan = Plan().with_step(archive(make_target(b"/a"), destination=b"/x"))
    assert len(plan.with_step(archive(make_target(b"/a/b"), destination=b"/y")).targets) == 2


def test_nested_targets_of_one_step_collapse() -> None:
    plan = Plan().with_step(trash(make_target(b"/a/b"), make_target(b"/a"), make_target(b"/a")))
    assert paths(plan) == [b"/a"]


def test_step_ids_stay_unique() -> None:
    plan = Plan().with_step(trash(make_target(b"/a"))).with_step(trash(make_target(b"/b")))
    assert len({step.id for step in plan.steps}) == 2


def test_taking_out_the_last_target_takes_out_the_step() -> None:
    plan = Plan().with_step(trash(make_target(b"/a")))
    assert plan.without_path(b"/a").steps == ()
    assert plan.without_path(b"/b") is plan


def test_changes_raise_the_version_and_a_review_does_not() -> None:
    target = make_target(b"/a")
    plan = Plan().with_step(trash(target))
    assert plan.version == 1
    assert plan.with_surveys({b"/a": make_survey(target, 7)}).version == 1
    assert plan.insisting("t").version == 2
    assert plan.insisting("t").steps[0].insisted
    assert plan.cleared() == Plan((), 2)


def test_totals_count_nested_targets_of_two_actions_once() -> None:
    plan = Plan().with_step(trash(make_target(b"/a", 100))).with_step(archive(make_target(b"/a/b", 40)))
    totals = plan.totals()
    assert (totals.targets, totals.disk_size, totals.entries) == (1, 100, 3)
    assert set(totals.by_action) == {Action.TRASH}


def test_trash_frees_nothing_now() -> None:
    totals = Plan().with_step(trash(make_target(b"/a", 100))).totals()
    assert (totals.frees_now, totals.frees_after_purge) == (0, 100)


def test_an_archive_frees_only_when_it_leaves_the_filesystem() -> None:
    target = make_target(b"/a", 100, device=1)
    assert Plan().with_step(archive(target, device=9)).totals().frees_after_purge == 100
    assert Plan().with_step(archive(target, device=1)).totals().frees_after_purge == 0


def test_the_review_replaces_the_figures_of_the_scan() -> None:
    target = make_target(b"/a", 100)
    plan = Plan().with_step(trash(target)).with_surveys({b"/a": make_survey(target, 70)})
    assert plan.totals().disk_size == 70
    assert plan.totals().frees_after_purge == 70


def test_a_hard_link_is_freed_only_with_its_last_name() -> None:
    link = LinkedInode(1, 77, 2, 1, 60)
    one, two = make_target(b"/a", 100), make_target(b"/b", 90)
    one = replace(one, survey=make_survey(one, 100, (link,)))
    two = replace(two, survey=make_survey(two, 90, (link,)))
    assert freed([one]) == Freed(0, 40)
    assert freed([two]) == Freed(0, 30)
    assert freed([one, two]) == Freed(0, 130)
    assert Plan().with_step(trash(one, two)).totals().disk_size == 130


def test_links_of_the_scan_are_counted_once_over_all_targets() -> None:
    link = LinkedInode(1, 77, 2, 1, 60)
    # The scan counts the inode in /a only.
    one = make_target(b"/a", 100, linked=(link,))
    two = make_target(b"/b", 30, linked=(replace(link, counted=False),))
    assert freed([one]) == Freed(0, 40)
    assert freed([two]) == Freed(0, 30)
    assert freed([one, two]) == Freed(0, 130)
    assert Plan().with_step(trash(one, two)).totals().disk_size == 130


def test_an_inode_that_only_names_elsewhere_carry_is_freed_with_its_last_name() -> None:
    # A third name, outside both, carries the bytes in the scan; it went since.
    link = LinkedInode(1, 77, 2, 1, 60, counted=False)
    one, two = make_target(b"/a", 10, linked=(link,)), make_target(b"/b", 30, linked=(link,))
    assert freed([one]) == Freed(0, 10)
    assert freed([one, two]) == Freed(0, 100)


def test_a_single_file_with_another_name_frees_nothing() -> None:
    identity = Identity(1, 5, EntryKind.FILE, 100, 1, 2)
    target = Target(b"/a", identity, 100, 4096, 1, Safety.REVIEW, "")
    assert freed([target]) == Freed(0, 0)
    other = replace(target, path=b"/b")
    assert freed([target, other]).after_purge == 4096
    assert Plan().with_step(trash(target, other)).totals().disk_size == 4096


def test_a_plan_changed_by_hand_finds_its_own_targets() -> None:
    plan = Plan().with_step(trash(make_target(b"/a")))
    assert plan.covered(b"/a/b")
    other = replace(plan, steps=(trash(make_target(b"/c")),))
    assert other.step_of(b"/a") is None
    assert other.covered(b"/c/d")


def test_a_queue_of_thousands_stays_quick() -> None:
    plan = Plan()
    for number in range(3000):
        plan = plan.with_step(trash(make_target(b"/data/%d/file" % number)))
    assert len({step.id for step in plan.steps}) == 3000
    assert plan.covered(b"/data/77/file/below")
    assert len(plan.with_step(trash(make_target(b"/data"), name="all")).targets) == 1
