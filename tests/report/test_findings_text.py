import pytest

from dusk.report.findings import explanation_text, finding_text, findings_table
from dusk.rules.finding import Action
from dusk.rules.safety import Safety
from dusk.rules.severity import Severity
from dusk.scan.entry import Measure

from .samples import HOSTILE, MIB, make_finding, make_offer


def is_harmless(text: str) -> bool:
    return all(character.isprintable() or character == "\n" for character in text) and "\u202e" not in text


def test_a_finding_is_told_in_five_parts_and_three_figures() -> None:
    text = finding_text(make_finding())
    parts = ["What it is", "Why dusk thinks so", "What deleting it costs", "How it comes back", "By hand"]
    assert [text.index(part) for part in parts] == sorted(text.index(part) for part in parts)
    assert "size 300 MiB on disk, 400 MiB apparent" in text
    assert "frees 0 B now, 200 MiB after the trash is emptied" in text
    assert "7.00 MiB of it are needed or linked elsewhere too" in text
    assert "rm -r /data/run/checkpoint-1" in text


def test_every_offer_is_listed_with_what_it_loses() -> None:
    second = make_offer(action=Action.ARCHIVE, label="Archive them", note="The optimizer stays.")
    text = finding_text(make_finding(offers=(make_offer(), second)))
    assert "a) Trash 2 old checkpoints" in text
    assert "b) Archive them" in text
    assert "The optimizer stays." in text
    assert "Nothing is offered" in finding_text(make_finding(offers=()))


def test_lines_fit_a_terminal_but_a_command_is_never_broken() -> None:
    command = "rm -r " + " ".join(f"/data/run/checkpoint-{n}" for n in range(20))
    text = finding_text(make_finding(what="A long text. " * 30, command=command), width=60)
    long = [line for line in text.splitlines() if len(line) > 60]
    assert [line.strip() for line in long] == [command]


def test_the_measure_asked_for_comes_first() -> None:
    text = finding_text(make_finding(), Measure.APPARENT)
    assert "500 MiB apparent, 450 MiB on disk" in text


def test_the_table_groups_by_family_and_adds_up_by_safety() -> None:
    findings = [
        make_finding(),
        make_finding(title="Second", safety=Safety.COSTLY, paths=(b"/data/x", b"/data/y")),
        make_finding(family="python cache", title="Bytecode", safety=Safety.SAFE, disk_size=1024),
        make_finding(family="keep", title="Notes", safety=Safety.KEEP, offers=()),
    ]
    text = findings_table(findings)
    assert text.index("checkpoint: 900 MiB on disk") < text.index("python cache: ")
    assert "/data/x  and 1 more" in text
    totals = text[text.index("In all: 3 findings") :]
    assert [word in totals for word in ("safe", "costly", "review")] == [True] * 3
    assert "Notes" not in text
    assert "Kept: 1 finding" in text
    assert "matters: tidy-up 3 (" in text


def test_the_table_letters_the_choices_where_there_are_several() -> None:
    archive = make_offer(action=Action.ARCHIVE, label="Archive 2 old checkpoints")
    native = make_offer(action=Action.NATIVE, label="Let the tool clean", frees_now=MIB)
    text = findings_table([make_finding(offers=(make_offer(), archive, native), severity=Severity.CRITICAL)])
    assert "a) Trash 2 old checkpoints: frees 200 MiB" in text
    assert "b) Archive 2 old checkpoints: frees 200 MiB" in text
    assert "c) Let the tool clean: frees 1.00 MiB at once" in text
    assert "review  critical" in text
    assert "a)" not in findings_table([make_finding()])


def test_no_findings_is_said() -> None:
    assert findings_table([]) == "Nothing to suggest."


@pytest.mark.parametrize("measure", Measure)
def test_hostile_names_break_no_line(measure: Measure) -> None:
    name = HOSTILE.decode("utf-8", "surrogateescape")
    finding = make_finding(
        title=name, paths=(HOSTILE,), members=(HOSTILE,), evidence=(name,), what=name, command="rm x"
    )
    for text in (finding_text(finding, measure), findings_table([finding], measure)):
        assert is_harmless(text)
        assert "[2J" in text


def test_an_explanation_answers_the_question() -> None:
    explain = pytest.importorskip("dusk.rules.explain", exc_type=ImportError)
    answers = {
        Safety.SAFE: "Yes, it may be deleted",
        Safety.COSTLY: "Yes, at a price",
        Safety.REVIEW: "Only you can tell",
        Safety.KEEP: "No. Keep it.",
    }
    finding = make_finding(paths=(b"/data/other", b"/data/run"))
    for safety, answer in answers.items():
        known = explain.Explanation(
            b"/data/run/x", "A part", safety, "w", ("e",), "c", "r", "cmd", None, finding
        )
        text = explanation_text(known)
        assert answer in text
        assert "It lies in\n  Old checkpoints of a run  (review)\n  /data/run" in text
    exact = explain.Explanation(b"/data/run", "t", Safety.REVIEW, "w", (), "c", "r", "", finding)
    assert "450 MiB on disk, 500 MiB apparent, with 1 other like it" in explanation_text(exact)
    assert "What can be done" in explanation_text(exact)
