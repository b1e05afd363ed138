"""Trees built by hand, and judging them."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

from dusk.rules.examples import judge_directory
from dusk.rules.finding import Finding
from dusk.rules.judge import Judge
from dusk.rules.rule import Example
from dusk.rules.rulebook import RuleBook
from dusk.settings import Settings, Thresholds

DAY = 86400.0
MODEL = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 8}


def book() -> RuleBook:
    """Return the shipped rules alone."""
    return RuleBook.load(b"/nonexistent")


def judge(path: Path, **thresholds: str) -> Judge:
    """Judge a directory to its end."""
    return judge_directory(os.fsencode(path), book(), Settings(thresholds=Thresholds(**thresholds)))


def judge_example(top: Path, example: Example, rules: RuleBook) -> Judge:
    """Judge the tree of an example to its end, with its variables."""
    moved = {name: os.path.join(top, value) for name, value in example.variables.items()}
    judged = judge_directory(os.fsencode(top), rules.moved(moved) if moved else rules)
    judged.stop()
    return judged


def put(path: Path, content: str | bytes = b"x\n", *, size: int = 0, age: float = 30 * DAY) -> Path:
    """Make a file that changed some time ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    if size:
        os.truncate(path, size)
    set_age(path, age)
    return path


def plant(directory: Path, name: str) -> Path:
    """Put a file of a person into a directory that both have not changed for a month."""
    planted = put(directory / name, "of a person", age=30 * DAY)
    set_age(directory, 30 * DAY)
    return planted


def link(path: Path, target: str, age: float = 30 * DAY) -> Path:
    """Make a symbolic link that changed some time ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)
    set_age(path, age)
    return path


def set_age(path: Path, age: float) -> None:
    moment = time.time() - age
    os.utime(path, (moment, moment), follow_symlinks=False)


def set_ages(top: Path, age: float = 30 * DAY) -> None:
    """Let everything at and below have changed some time ago."""
    for directory, names, files in os.walk(top, topdown=False):
        for name in (*names, *files):
            set_age(Path(directory, name), age)
    set_age(top, age)


def of(judge: Judge, rule: str) -> list[Finding]:
    """Return the findings of one rule."""
    return [finding for finding in judge.findings() if finding.rule == rule]


def only(judge: Judge, rule: str) -> Finding:
    """Return the one finding of a rule."""
    found = of(judge, rule)
    assert len(found) == 1, [finding.title for finding in judge.findings()]
    return found[0]


def names(finding: Finding, top: Path) -> set[str]:
    """Return a finding's paths below a directory."""
    return {os.path.relpath(os.fsdecode(path), top) for path in finding.paths}


def remove(finding: Finding) -> None:
    """Do what the finding's first offer says, for good."""
    for path in finding.offers[0].paths:
        shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)


def offered(judge: Judge, top: Path) -> set[str]:
    """Return every path that any finding offers."""
    return {
        os.path.relpath(os.fsdecode(path), top)
        for finding in judge.findings()
        for offer in finding.offers
        for path in offer.paths
    }


def index_of(judge: Judge, path: Path) -> int:
    index = judge.scan.tree.find(os.fsencode(path))
    assert index is not None
    return index


def checkpoint(
    run: Path, step: int, best: str | None = None, *, optimizer: bool = True, age: float = 30 * DAY
) -> Path:
    """Make a checkpoint as the Trainer writes it."""
    where = run / f"checkpoint-{step}"
    put(where / "model.safetensors", size=4000, age=age)
    put(where / "config.json", json.dumps(MODEL), age=age)
    state = {
        "best_model_checkpoint": best,
        "best_metric": 0.5,
        "global_step": step,
        "log_history": [{"loss": 1}],
    }
    put(where / "trainer_state.json", json.dumps(state), age=age)
    if optimizer:
        put(where / "optimizer.pt", size=8000, age=age)
        put(where / "scheduler.pt", size=100, age=age)
        put(where / "rng_state.pth", size=100, age=age)
    return where


def model(where: Path, *, size: int = 9000, age: float = 30 * DAY) -> Path:
    """Make a whole model without any proof of origin."""
    put(where / "config.json", json.dumps(MODEL), age=age)
    put(where / "model.safetensors", size=size, age=age)
    put(where / "tokenizer.json", "{}", age=age)
    put(where / "README.md", "# card", age=age)
    return where


class Hub:
    """A hub cache built file by file."""

    def __init__(self, where: Path) -> None:
        self.path = where

    def blob(self, repository: str, name: str, size: int) -> Path:
        return put(self.path / repository / "blobs" / name, name.encode().ljust(size, b".")[:size])

    def snapshot(self, repository: str, commit: str, files: dict[str, str], ref: str = "") -> Path:
        where = self.path / repository / "snapshots" / commit
        for name, blob in files.items():
            up = "../" * (name.count("/") + 2)
            link(where / name, f"{up}blobs/{blob}")
        if ref:
            put(self.path / repository / "refs" / ref, commit)
        return where

    def payload(self, digest: str, size: int, users: list[tuple[str, str]], manifest: bool = True) -> Path:
        """Make a payload of the shared store with the repositories' links to it."""
        put(self.path / "blobs" / ".huggingface-shared-blobs", "1\n")
        where = put(self.path / "blobs" / digest[:2] / digest, digest.encode().ljust(size, b"."))
        for repository, blob in users:
            link(self.path / repository / "blobs" / blob, f"../../blobs/{digest[:2]}/{digest}")
        if manifest:
            lines = "".join(f"{repository}/blobs/{blob}\n" for repository, blob in users)
            put(where.with_name(f"{digest}.refs"), lines)
        put(where.with_name(f"{digest}.lock"), "")
        return where
