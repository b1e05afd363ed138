"""Dropping the optimizer state of checkpoints, from the scan to undo; DeepSpeed is left alone."""

from __future__ import annotations

import os

import pytest

from dusk.actions.outcome import ItemState
from dusk.actions.undo import undo_batch
from dusk.plan.choice import step_for_offer
from dusk.plan.plan import Plan
from dusk.practice.builder import build_practice_tree
from dusk.rules.judge import Judge
from dusk.rules.rulebook import RuleBook
from dusk.scan.scanner import ScanOptions
from dusk.scan.start import open_scan
from dusk.settings import Settings

STATE = {b"optimizer.pt", b"scheduler.pt", b"rng_state.pth"}


def run_of(box, name: bytes) -> bytes:
    """Make a run with three old checkpoints as the Trainer writes them."""
    old = 1_600_000_000
    for step in (100, 200, 300):
        place = (name, b"checkpoint-%d" % step)
        for file in (b"model.safetensors", b"config.json", b"training_args.bin", *STATE):
            box.file(*place, file, content=b"{}" if file.endswith(b"json") else os.urandom(20_000))
        state = (
            b'{"global_step": %d, "best_model_checkpoint": null, "log_history": [], "max_steps": 900}' % step
        )
        box.file(*place, b"trainer_state.json", content=state)
        for file in os.listdir(box.path(*place)):
            os.utime(box.path(*place, file), (old + step, old + step))
        os.utime(box.path(*place), (old + step, old + step))
    return box.path(name)


def offers(box):
    book = RuleBook.load(os.path.join(box.root, b"config"))
    scan = open_scan(box.data, ScanOptions(triggers=book.triggers))
    judge = Judge(scan, book, Settings())
    scan.start()
    judge.start()
    assert judge.wait(60)
    found = [
        (finding, offer)
        for finding in judge.findings()
        for offer in finding.offers
        if offer.action.value == "trash" and "optimizer state" in offer.label
    ]
    return scan, judge, found


def files_below(path: bytes) -> set[bytes]:
    return {os.path.join(directory, name) for directory, _, names in os.walk(path) for name in names}


def test_the_state_goes_the_weights_stay_and_undo_brings_it_back(box):
    build_practice_tree(box.path(b"practice"))
    scan, judge, found = offers(box)
    assert found
    before = files_below(box.data)
    plan = Plan()
    for finding, offer in found:
        plan = plan.with_step(step_for_offer(scan.tree, finding, offer, judge))
    assert {os.path.basename(target.path) for target in plan.targets} <= STATE
    outcome = box.run(box.review(plan).plan)
    assert {result.state for result in outcome.results} == {ItemState.DONE}, outcome
    gone = before - files_below(box.data)
    assert gone == {target.path for target in plan.targets}
    for path in gone:
        assert any(name.endswith(b".safetensors") for name in os.listdir(os.path.dirname(path)))
    undo_batch(box.journal)
    assert files_below(box.data) == before


@pytest.mark.parametrize("layout", [b"global_step%d", b"pytorch_model_fsdp_%d"])
def test_sharded_state_of_deepspeed_is_never_offered(box, layout):
    run_of(box, b"run")
    for step in (100, 200, 300):
        place = (b"run", b"checkpoint-%d" % step, layout % step)
        box.file(*place, b"zero_pp_rank_0_mp_rank_00_optim_states.pt", content=os.urandom(20_000))
        box.file(*place, b"mp_rank_00_model_states.pt", content=os.urandom(20_000))
        box.file(b"run", b"checkpoint-%d" % step, b"latest", content=layout % step)
        box.file(b"run", b"checkpoint-%d" % step, b"zero_to_fp32.py", content=b"#")
        for directory, names, files in os.walk(box.path(b"run", b"checkpoint-%d" % step)):
            for name in (*names, *files):
                os.utime(os.path.join(directory, name), (1_600_000_000, 1_600_000_000))
    _, _, found = offers(box)
    offered = {os.path.basename(path) for _, offer in found for path in offer.paths}
    assert not any(b"optim_states" in name or b"rank" in name for name in offered)
    if layout.startswith(b"global"):
        assert found == []
