"""Names that the walk passes over in installed directories: nothing would have been said of them."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

from dusk.rules.examples import build_example
from dusk.rules.inspectors import OUTSIDE_INSTALLED
from dusk.rules.judge import Judge
from dusk.scan.scanner import ScanOptions
from dusk.scan.start import open_scan
from dusk.settings import Settings

from .trees import book


def test_what_walks_pass_over_would_have_been_nothing(tmp_path: Path) -> None:
    rules = book()
    whole = dataclasses.replace(rules.triggers, enclosures=frozenset(), openings=frozenset(), inside=None)
    tried = 0
    for rule in rules.rules:
        if rule.inspector not in OUTSIDE_INSTALLED:
            continue
        for number, example in enumerate(rule.examples):
            top = tmp_path / rule.id / str(number) / "env/lib/site-packages"
            top.mkdir(parents=True)
            build_example(example, os.fsencode(top))
            tried += bool(example.matches)
    scan = open_scan(os.fsencode(tmp_path), ScanOptions(triggers=whole))
    scan.start()
    judge = Judge(scan, rules, Settings())
    judge.start()
    assert judge.wait(60)
    said = [one.rule for one in judge.findings() if rules.by_id[one.rule].inspector in OUTSIDE_INSTALLED]
    judge.stop()
    assert tried > 10
    assert not said
