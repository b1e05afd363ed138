"""Trees that real tools made, with expected labels, where they lie beside the checkout."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from dusk.fs.names import json_text
from dusk.rules.finding import Finding

from .trees import judge

_BESIDE = Path(__file__).resolve().parents[3] / "shared" / "real-trees"
REAL_TREES = Path(os.environ.get("DUSK_REAL_TREES", _BESIDE))
# Of what may go, this part of the bytes and of the units must be found, and be called what it is.
LEAST_BYTES: dict[str, float] = {}
LEAST_UNITS: dict[str, float] = {}
LEAST_AGREEMENT = 0.9
TREES = ("datasets", "hf_hub_cache", "hf_trainer", "lightning", "ollama", "peft_formats", "ray")


def as_document(finding: Finding) -> dict[str, object]:
    offer = finding.default_offer
    return {
        "rule": finding.rule,
        "paths": [json_text(path) for path in finding.paths],
        "safety": finding.safety.value,
        "action": offer.action.value if offer else "none",
    }


@pytest.mark.parametrize("name", TREES)
def test_no_label_is_violated(name: str, tmp_path: Path) -> None:
    archive = REAL_TREES / "trees" / f"{name}.tar.gz"
    if not archive.exists():
        pytest.skip(f"no labelled tree {name} here; DUSK_REAL_TREES may name their directory")
    with tarfile.open(archive) as tar:
        # Python 3.11 before 3.11.4 knows no filters, and the archives are the project's own.
        if hasattr(tarfile, "tar_filter"):
            tar.extraction_filter = tarfile.tar_filter
        tar.extractall(tmp_path)
    judged = judge(tmp_path / name)
    document = tmp_path / "findings.json"
    document.write_text(json.dumps([as_document(finding) for finding in judged.findings()]))
    labels = REAL_TREES / "labels" / f"{name}.tsv"
    command = [sys.executable, REAL_TREES / "score.py", labels, document, tmp_path / name]
    score = subprocess.run(command, capture_output=True, text=True, check=False)
    summary = score.stdout.strip().splitlines()[-1]
    assert score.returncode == 0, score.stdout
    assert "violations a=0 b=0 c=0" in summary, score.stdout
    assert "-0 bold" in summary, score.stdout
    found = re.search(r"recall (\d+)/(\d+) units, ([\d.]+)% of .* levels (\d+)/(\d+) agree", summary)
    assert found is not None, summary
    units, all_units, share, agreeing, compared = (float(number) for number in found.groups())
    assert share >= LEAST_BYTES.get(name, 100.0), score.stdout
    assert units >= LEAST_UNITS.get(name, 1.0) * all_units, score.stdout
    assert agreeing >= LEAST_AGREEMENT * compared, score.stdout
