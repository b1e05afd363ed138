from dataclasses import dataclass

from dusk.fs.identity import EntryKind, Identity
from dusk.plan.plan import Plan
from dusk.plan.step import Step, Target
from dusk.report.review import plan_text
from dusk.rules.finding import Action
from dusk.rules.safety import Safety

from .samples import HOSTILE, MIB


@dataclass(frozen=True)
class Problem:
    sentence: str
    blocking: bool = True


def make_target(path: bytes, safety: Safety = Safety.REVIEW) -> Target:
    identity = Identity(1, 2, EntryKind.DIRECTORY, 0, 0, 2)
    return Target(path, identity, 6 * MIB, 5 * MIB, 7, safety, "Old checkpoint")


def test_an_empty_plan_says_so() -> None:
    assert plan_text(Plan()) == "Nothing is queued."


def test_every_path_is_listed_with_its_figures_and_the_sum() -> None:
    plan = Plan().with_step(Step("t", Action.TRASH, (make_target(b"/a"), make_target(b"/b"))))
    plan = plan.with_step(Step("c", Action.ARCHIVE, (make_target(b"/c"),), b"/cold", 9))
    text = plan_text(plan)
    assert "Move to the trash: 2 paths" in text
    assert "Copy to /cold, verify, then move to the trash: 1 path" in text
    assert "5.00 MiB        7  review  /a  (Old checkpoint)" in text
    assert "In all: 3 paths, 21 entries, 15.0 MiB on disk, 18.0 MiB apparent" in text
    assert "trash: 2 paths" in text and "archive: 1 path" in text
    assert "freed now: 0 B" in text
    assert "freed after the trash is emptied: 15.0 MiB" in text


def test_what_stops_it_comes_before_what_is_only_good_to_know() -> None:
    plan = Plan().with_step(Step("t", Action.TRASH, (make_target(b"/a", Safety.KEEP),)))
    text = plan_text(plan, problems=[Problem("A note.", blocking=False), Problem("It is open.")])
    assert (
        text.index("stops: It is open.")
        < text.index("stops: /a should be kept")
        < text.index("note:  A note.")
    )


def test_a_sentence_is_said_once() -> None:
    plan = Plan().with_step(Step("t", Action.TRASH, (make_target(b"/a", Safety.KEEP),)))
    text = plan_text(plan, problems=[Problem("/a should be kept (Old checkpoint).")])
    assert text.count("should be kept") == 1


def test_hostile_names_break_no_line() -> None:
    plan = Plan().with_step(Step("t", Action.TRASH, (make_target(HOSTILE),)))
    assert "\x1b" not in plan_text(plan)
    assert len(plan_text(plan).splitlines()) == 7
