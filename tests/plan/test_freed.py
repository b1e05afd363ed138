"""Freed bytes against a filesystem simulated name by name."""

from hypothesis import given, settings
from hypothesis import strategies as st

from dusk.fs.survey import LinkedInode, Survey
from dusk.plan.freed import freed
from dusk.plan.plan import Plan
from dusk.plan.step import Target

from .samples import make_target, trash

# Names of inodes: each inode has a size and lies under some of the directories, more than once if it likes.
inodes = st.lists(
    st.tuples(st.integers(1, 1000), st.lists(st.integers(0, 5), min_size=1, max_size=4)), max_size=8
)


def survey_of(directory: int, files: list[tuple[int, list[int]]]) -> Target:
    target = make_target(b"/data/%d" % directory)
    inside = [(number, size, places) for number, (size, places) in enumerate(files) if directory in places]
    linked = tuple(
        LinkedInode(1, number, len(places), places.count(directory), size)
        for number, size, places in inside
        if len(places) > 1
    )
    size = sum(size for _, size, _ in inside)
    survey = Survey(target.identity, len(inside) + 1, size, size, 1, "", linked)
    return make_target(b"/data/%d" % directory, size, survey=survey)


@given(inodes, st.sets(st.integers(0, 5)))
@settings(max_examples=200, deadline=None)
def test_only_inodes_that_lose_all_their_names_are_freed(
    files: list[tuple[int, list[int]]], chosen: set[int]
) -> None:
    targets = [survey_of(directory, files) for directory in sorted(chosen)]
    truth = sum(size for size, places in files if set(places) <= chosen)
    assert freed(targets).after_purge == truth
    assert freed(targets).now == 0


@given(inodes, st.sets(st.integers(0, 5)))
@settings(max_examples=100, deadline=None)
def test_totals_count_every_inode_once(files: list[tuple[int, list[int]]], chosen: set[int]) -> None:
    plan = Plan()
    for directory in sorted(chosen):
        plan = plan.with_step(trash(survey_of(directory, files)))
    totals = plan.totals()
    assert totals.disk_size == sum(size for size, places in files if set(places) & chosen)
    assert totals.frees_after_purge == sum(size for size, places in files if set(places) <= chosen)


@given(inodes, st.sets(st.integers(0, 5)))
@settings(max_examples=100, deadline=None)
def test_a_directory_that_holds_everything_frees_everything(
    files: list[tuple[int, list[int]]], chosen: set[int]
) -> None:
    nested = [survey_of(directory, files) for directory in sorted(chosen)]
    everything = sum(size for size, _ in files)
    root = make_target(b"/data", everything)
    whole = Survey(root.identity, 9, everything, everything, 1, "", ())
    assert freed([*nested, make_target(b"/data", everything, survey=whole)]).after_purge == everything
