import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dusk.fs.identity import EntryKind, Identity
from dusk.fs.survey import LinkedInode, Survey
from dusk.plan.document import PlanError, decode_plan, encode_plan
from dusk.plan.plan import Plan
from dusk.plan.step import Step, Target
from dusk.rules.finding import Action
from dusk.rules.safety import Safety

from .samples import make_survey, make_target, trash

counts = st.integers(0, 2**63)
components = st.binary(min_size=1, max_size=12).filter(
    lambda name: b"/" not in name and b"\0" not in name and name not in (b".", b"..")
)
paths = st.lists(components, min_size=1, max_size=4).map(lambda names: b"/" + b"/".join(names))
identities = st.builds(
    Identity, counts, counts, st.sampled_from(EntryKind), counts, st.integers(-(2**62), 2**62), counts
)
links = st.builds(LinkedInode, counts, counts, counts, counts, counts, st.booleans())
surveys = st.builds(
    Survey,
    identities,
    counts,
    counts,
    counts,
    st.integers(-(2**62), 2**62),
    st.text("0123456789abcdef"),
    st.lists(links, max_size=2).map(tuple),
    counts,
    st.lists(paths, max_size=2).map(tuple),
)
targets = st.builds(
    Target,
    paths,
    identities,
    counts,
    counts,
    counts,
    st.sampled_from(Safety),
    st.text(max_size=20),
    st.text(max_size=20),
    st.lists(paths, max_size=2).map(tuple),
    st.none() | surveys,
    st.lists(links, max_size=2).map(tuple),
)
steps = st.builds(
    Step,
    st.text(min_size=1, max_size=9),
    st.sampled_from(Action),
    st.lists(targets, min_size=1, max_size=4).map(tuple),
    st.just(b"") | paths,
    counts,
    st.booleans(),
)


def build(listed: list[Step]) -> Plan:
    plan = Plan()
    for step in listed:
        plan = plan.with_step(step)
    return plan


@given(st.lists(steps, max_size=5))
@settings(max_examples=40, deadline=None)
def test_every_plan_survives_its_document(listed: list[Step]) -> None:
    plan = build(listed)
    assert decode_plan(encode_plan(plan)) == plan


@given(st.lists(steps, max_size=6))
@settings(max_examples=40, deadline=None)
def test_a_plan_never_queues_a_path_twice_nor_below_another_of_its_kind(listed: list[Step]) -> None:
    plan = build(listed)
    queued = [target.path for target in plan.targets]
    assert len(queued) == len(set(queued))
    for step in plan.steps:
        assert step.targets
        for other in plan.steps:
            if (other.action, other.destination) != (step.action, step.destination):
                continue
            for target in step.targets:
                assert not any(target.path.startswith(above.path + b"/") for above in other.targets)


@given(st.lists(steps, max_size=6))
@settings(max_examples=40, deadline=None)
def test_totals_never_free_more_than_there_is(listed: list[Step]) -> None:
    totals = build(listed).totals()
    assert totals.frees_now == 0
    assert totals.frees_after_purge >= 0
    assert sum(part.targets for part in totals.by_action.values()) == totals.targets


@given(st.lists(steps, max_size=6), paths)
@settings(max_examples=40, deadline=None)
def test_taking_out_what_was_added_leaves_nothing(listed: list[Step], path: bytes) -> None:
    plan = build(listed)
    for target in plan.targets:
        plan = plan.without_path(target.path)
    assert plan.steps == ()
    assert not plan.covered(path)


@given(st.binary(max_size=200))
def test_any_bytes_give_a_sentence_not_a_crash(data: bytes) -> None:
    with pytest.raises(PlanError):
        decode_plan(data)


def document() -> dict:
    target = make_target(b"/caf\xe9/\xff\n")
    plan = Plan().with_step(trash(target)).with_surveys({target.path: make_survey(target, 5)})
    return json.loads(encode_plan(plan))


def test_the_document_is_ascii_and_holds_bytes_as_surrogates() -> None:
    target = make_target(b"/caf\xe9")
    data = encode_plan(Plan().with_step(trash(target)))
    assert data.isascii()
    assert json.loads(data)["steps"][0]["targets"][0]["path"] == "/caf\udce9"


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (lambda d: d.update(format="x"), "plan.format"),
        (lambda d: d.update(format_version=99), "plan.format_version"),
        (lambda d: d.pop("version"), "plan.version"),
        (lambda d: d.update(extra=1), "plan.extra"),
        (lambda d: d.update(steps={}), "plan.steps"),
        (lambda d: d["steps"].append(7), "plan.steps[1]"),
        (lambda d: d["steps"].append(dict(d["steps"][0])), "plan.steps[1].id"),
        (lambda d: d["steps"].append(d["steps"][0] | {"id": "other"}), "plan.steps[1].targets[0].path"),
        (lambda d: d["steps"][0].update(action="erase"), "plan.steps[0].action"),
        (lambda d: d["steps"][0].update(insisted=1), "plan.steps[0].insisted"),
        (lambda d: d["steps"][0]["targets"][0].update(path="etc"), "plan.steps[0].targets[0].path"),
        (lambda d: d["steps"][0]["targets"][0].update(path="/a/../etc"), "plan.steps[0].targets[0].path"),
        (lambda d: d["steps"][0]["targets"][0].update(path="/a//b"), "plan.steps[0].targets[0].path"),
        (lambda d: d["steps"][0]["targets"][0].update(path="/a\0"), "plan.steps[0].targets[0].path"),
        (lambda d: d["steps"][0]["targets"][0].update(path="/\ud800"), "plan.steps[0].targets[0].path"),
        (lambda d: d["steps"][0]["targets"][0].update(entries=True), "plan.steps[0].targets[0].entries"),
        (lambda d: d["steps"][0]["targets"][0].update(entries=-1), "plan.steps[0].targets[0].entries"),
        (lambda d: d["steps"][0]["targets"][0].update(entries=1.5), "plan.steps[0].targets[0].entries"),
        (lambda d: d["steps"][0]["targets"][0].update(safety="sure"), "plan.steps[0].targets[0].safety"),
        (lambda d: d["steps"][0]["targets"][0].update(keeps=[3]), "plan.steps[0].targets[0].keeps[0]"),
        (lambda d: d["steps"][0]["targets"][0].pop("survey"), "plan.steps[0].targets[0].survey"),
        (
            lambda d: d["steps"][0]["targets"][0]["identity"].update(kind="door"),
            "plan.steps[0].targets[0].identity.kind",
        ),
        (
            lambda d: d["steps"][0]["targets"][0]["survey"].update(fingerprint=3),
            "plan.steps[0].targets[0].survey.fingerprint",
        ),
    ],
)
def test_an_error_names_the_key(change, key: str) -> None:
    broken = document()
    change(broken)
    with pytest.raises(PlanError) as caught:
        decode_plan(json.dumps(broken).encode())
    assert str(caught.value).startswith(key + ":")
    assert str(caught.value).isprintable()


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(PlanError):
        decode_plan(b"[" * 100_000)
