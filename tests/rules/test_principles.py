"""The principles that keep dusk from costing anybody their work, a test for each."""

from __future__ import annotations

import ast
import mmap
import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

import dusk.rules
from dusk.fs.command_lines import CommandLines
from dusk.rules.examples import build_example, judge_directory
from dusk.rules.facts import Facts
from dusk.rules.finding import Finding
from dusk.rules.holding import HoldDesk, Holding
from dusk.rules.judge import Judge
from dusk.rules.package_owner import PackageOwner
from dusk.rules.probe import Prober
from dusk.rules.rule import Rule
from dusk.rules.rulebook import RuleBook
from dusk.rules.safety import Safety

from .trees import DAY, Hub, book, checkpoint, judge, link, model, names, of, offered, only, put, set_ages


def bytecode(where: Path) -> Path:
    put(where / "main.py")
    return put(where / "__pycache__" / "main.cpython-311.pyc", size=5000)


def suggested(judging: Judge) -> list[Finding]:
    return [finding for finding in judging.findings() if finding.offers]


def test_bytes_are_counted_once_though_findings_nest(tmp_path: Path) -> None:
    hub = Hub(tmp_path / "hub")
    blob = hub.blob("models--acme--tiny", "0" * 40, 90_000)
    old = hub.blob("models--acme--tiny", "1" * 40, 70_000)
    hub.snapshot("models--acme--tiny", "a" * 40, {"x": blob.name}, "main")
    hub.snapshot("models--acme--tiny", "b" * 40, {"x": old.name})
    judging = judge(tmp_path)
    total = sum(finding.apparent_size for finding in judging.findings() if not finding.is_keep)
    assert total <= sum(path.lstat().st_size for path in tmp_path.rglob("*") if not path.is_dir())


def test_what_other_names_keep_alive_is_not_said_to_come_free(tmp_path: Path) -> None:
    pyc = bytecode(tmp_path / "app")
    os.link(pyc, tmp_path / "elsewhere")
    offer = only(judge(tmp_path), "python-bytecode").offers[0]
    assert offer.frees_after_purge < 5000


SAFE_AT_REST = [rule for rule in book().rules if rule.safety == "safe" and rule.live]


@pytest.mark.parametrize("rule", SAFE_AT_REST, ids=lambda rule: rule.id)
def test_what_changed_a_moment_ago_is_not_called_safe(rule: Rule, tmp_path: Path) -> None:
    for number, example in enumerate(rule.examples):
        if not example.matches:
            continue
        top = tmp_path / str(number)
        top.mkdir()
        build_example(example, os.fsencode(top))
        set_ages(top, 30)
        moved = {name: str(top / value) for name, value in example.variables.items()}
        judging = judge_directory(os.fsencode(top), book().moved(moved) if moved else book())
        assert not [one for one in of(judging, rule.id) if one.safety is Safety.SAFE or one.offers]


@pytest.mark.parametrize("age", [30, 2 * DAY])
def test_who_writes_a_download_is_named_and_it_stays(age: float, tmp_path: Path) -> None:
    hub = Hub(tmp_path / "hub")
    blob = hub.blob("models--acme--tiny", "0" * 40, 90_000)
    hub.snapshot("models--acme--tiny", "a" * 40, {"x": blob.name}, "main")
    partial = put(blob.with_name("3f3854.8ab7c8a6.incomplete"), size=50_000, age=age)
    script = "import sys, time; held = open(sys.argv[1], 'ab'); print(flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", script, partial], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        finding = only(judge(tmp_path), "hf-incomplete-download")
        writer.kill()
    assert finding.is_keep
    assert not finding.offers
    assert f"process {writer.pid}, open for writing" in " ".join(finding.evidence)


def test_trashing_frees_nothing_now(tmp_path: Path) -> None:
    bytecode(tmp_path / "app")
    assert all(offer.frees_now == 0 for one in judge(tmp_path).findings() for offer in one.offers)


def test_what_a_live_process_maps_is_not_offered_though_it_has_no_descriptor(tmp_path: Path) -> None:
    where = model(tmp_path / "project" / "merged_old", size=20_000)
    set_ages(tmp_path)
    program = (
        "import mmap, os, sys, time\n"
        "f = os.open(sys.argv[1], os.O_RDONLY); m = mmap.mmap(f, 0, prot=mmap.PROT_READ); os.close(f)\n"
        "os.chdir('/'); print('ready', flush=True); time.sleep(60)\n"
    )
    arguments = [sys.executable, "-c", program, str(where / "model.safetensors")]
    assert mmap
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None and process.stdout.readline() == "ready\n"
            judging = judge(tmp_path)
        finally:
            process.kill()
    assert str(where.relative_to(tmp_path)) not in offered(judging, tmp_path)


def test_what_a_running_program_was_started_with_is_not_offered(tmp_path: Path) -> None:
    where = model(tmp_path / "project" / "merged_old")
    other = model(tmp_path / "project" / "merged_older")
    set_ages(tmp_path)
    arguments = [sys.executable, "-c", "import time; time.sleep(60)", "--model=./merged_old/config.json"]
    with subprocess.Popen(arguments, cwd=tmp_path / "project") as process:
        try:
            until = time.monotonic() + 5
            while CommandLines.read().naming(os.fsencode(where)) is None and time.monotonic() < until:
                time.sleep(0.01)
            judging = judge(tmp_path)
        finally:
            process.kill()
    assert offered(judging, tmp_path) == {os.path.relpath(other, tmp_path)}
    kept = next(one for one in judging.findings() if one.is_keep and os.fsencode(where) in one.paths)
    assert any("was started with it and runs" in sentence for sentence in kept.evidence)


def test_the_command_that_asks_is_no_use_of_a_path(tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", _ASKING, str(tmp_path)]
    said = subprocess.run(arguments, capture_output=True, text=True, check=True, cwd="/").stdout
    assert said == "None\n"


_ASKING = """
import os, sys
from dusk.fs.command_lines import CommandLines
print(CommandLines.read().naming(os.fsencode(sys.argv[1])))
"""


@pytest.mark.parametrize("kind", ["beside", "above", "into"])
def test_a_symbolic_link_that_leads_to_something_keeps_it(tmp_path: Path, kind: str) -> None:
    where = model(tmp_path / "project" / "store" / "merged_old")
    assert offered(judge(tmp_path), tmp_path)
    if kind == "beside":
        link(tmp_path / "project" / "store" / "current", "merged_old")
    elif kind == "above":
        link(tmp_path / "project" / "serving", str(where))
    else:
        link(tmp_path / "weights", "project/store/merged_old/model.safetensors")
    judging = judge(tmp_path)
    assert offered(judging, tmp_path) == set()
    kept = next(one for one in judging.findings() if os.fsencode(where) in one.paths)
    assert any("points at it" in sentence for sentence in kept.evidence)


def test_a_link_goes_without_what_it_leads_to(tmp_path: Path) -> None:
    put(tmp_path / "precious" / "main.cpython-311.pyc")
    put(tmp_path / "app" / "main.py")
    link(tmp_path / "app" / "__pycache__", "../precious")
    assert offered(judge(tmp_path), tmp_path) == set()


def test_a_secret_below_keeps_everything_above_it(tmp_path: Path) -> None:
    where = model(tmp_path / "project" / "merged_old")
    put(where / "deep" / "down" / ".env", "TOKEN=1")
    set_ages(tmp_path)
    assert offered(judge(tmp_path), tmp_path) == set()


@pytest.mark.parametrize("place", [".git/worktrees/x", ".ssh", ".gnupg/y", ".aws"])
def test_nothing_is_suggested_in_version_control_nor_among_secrets(tmp_path: Path, place: str) -> None:
    bytecode(tmp_path / "home" / place / "app")
    model(tmp_path / "home" / place / "merged_old")
    set_ages(tmp_path)
    assert suggested(judge(tmp_path)) == []


@pytest.mark.parametrize(
    "place", ["env/lib/python3.11/site-packages", "lib/python3/dist-packages", "web/node_modules/tool"]
)
def test_nothing_is_suggested_inside_what_an_installer_owns(tmp_path: Path, place: str) -> None:
    bytecode(tmp_path / place / "package")
    model(tmp_path / place / "package" / "merged_old")
    set_ages(tmp_path)
    inside = {path for path in offered(judge(tmp_path), tmp_path) if path.startswith(place + "/package")}
    assert inside == set()


def test_what_a_system_package_put_below_opt_is_its_package_managers(tmp_path: Path) -> None:
    put(
        tmp_path / "info" / "tool.list", "/.\n/opt\n/opt/nvidia\n/opt/nvidia/nsight\n/opt/nvidia/nsight/bin\n"
    )
    put(tmp_path / "info" / "other.list", "/.\n/usr\n/usr/bin\n")
    owner = PackageOwner(Prober(b"/"), os.fsencode(tmp_path / "info"))
    assert "package" in owner.reason(b"/opt/nvidia/nsight")
    assert "package" in owner.reason(b"/opt/nvidia"), "a directory that holds a package's files"
    assert owner.reason(b"/opt/models") == ""
    assert owner.reason(b"/home/me/opt/nvidia") == ""
    closed = PackageOwner(Prober(b"/", timeout=0.0), os.fsencode(tmp_path / "info"))
    closed._prober.run = _refuse  # type: ignore[method-assign]
    assert "cannot be told" in closed.reason(b"/opt/models")


def _refuse(*_: object, **__: object) -> object:
    from dusk.rules.probe import CannotTellError

    raise CannotTellError("too slow")


def test_the_deepest_rule_owns_the_bytes(tmp_path: Path) -> None:
    for step in (1, 2, 3):
        checkpoint(tmp_path / "run", step, best="run/checkpoint-1")
    judging = judge(tmp_path)
    older, state = only(judging, "trainer-old-checkpoint"), only(judging, "trainer-optimizer-state")
    assert names(older, tmp_path) == {"run/checkpoint-2"}
    assert all(path.startswith("run/checkpoint-1/") for path in names(state, tmp_path))


def test_age_is_that_of_the_newest_thing_below(tmp_path: Path) -> None:
    where = model(tmp_path / "project" / "merged_old", age=300 * DAY)
    put(where / "logs" / "deep" / "today.bin", age=60)
    os.utime(where, (1, 1))
    assert offered(judge(tmp_path), tmp_path) == set(), "something may be at work in it"


def test_steps_tell_which_checkpoint_is_last_not_times(tmp_path: Path) -> None:
    for step in (1000, 900, 2000):
        checkpoint(tmp_path / "run", step)
    os.utime(tmp_path / "run" / "checkpoint-900")  # a copy, a listing: names sort wrong and times lie
    older = only(judge(tmp_path), "trainer-old-checkpoint")
    assert names(older, tmp_path) == {"run/checkpoint-900", "run/checkpoint-1000"}


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("core/main.c", b"int main(void);"),
        ("checkpoint-7/notes.txt", b"not a checkpoint"),
        ("models--x/readme.txt", b"no snapshots"),
        ("cache/thesis.tex", b"text"),
        ("build/lib.c", b"source"),
        ("queue/processing/worker.c", b"source"),
        ("blobs/sha256/abc", b"an image"),
    ],
)
def test_a_name_alone_is_no_proof(tmp_path: Path, file: str, content: bytes) -> None:
    put(tmp_path / "project" / file, content)
    assert suggested(judge(tmp_path)) == []


@pytest.mark.parametrize(("in_use", "goes"), [("must-be-free", False), ("ask", True)])
def test_what_nobody_can_tell_is_not_offered_where_it_must_be_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_use: str, goes: bool
) -> None:
    monkeypatch.setattr(HoldDesk, "_ask", lambda *_: Holding("unknown", "Nobody can tell."))
    rules = tuple(
        msgspec.structs.replace(rule, in_use=in_use) if rule.id == "model-old-checkpoint" else rule
        for rule in book().rules
    )
    where = model(tmp_path / "project" / "merged_old")
    judging = judge_directory(os.fsencode(tmp_path), RuleBook(rules))
    assert bool(offered(judging, tmp_path)) is goes
    about = next(one for one in judging.findings() if os.fsencode(where) in one.paths)
    assert any("Nobody can tell." in sentence for sentence in about.evidence)


def test_nothing_is_ever_loaded_or_unpickled() -> None:
    forbidden = {"pickle", "_pickle", "shelve", "marshal", "torch", "joblib", "numpy", "dill"}
    for file in Path(dusk.rules.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            modules = (
                [alias.name for alias in node.names] if isinstance(node, ast.Import)
                else [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            )  # fmt: skip
            assert not forbidden & {module.split(".")[0] for module in modules}, file
            called = node.func if isinstance(node, ast.Call) else None
            assert not (isinstance(called, ast.Name) and called.id in {"eval", "exec"}), file


def test_a_containers_own_filesystem_is_said_to_free_little(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Facts, "is_overlay", True)
    bytecode(tmp_path / "app")
    evidence = only(judge(tmp_path), "python-bytecode").evidence
    assert any("container's own filesystem" in sentence for sentence in evidence)


def test_all_that_is_kept_offers_nothing(tmp_path: Path) -> None:
    put(tmp_path / "notes" / "plan.md")
    put(tmp_path / "data.sqlite")
    hub = Hub(tmp_path / ".cache" / "huggingface" / "hub")
    blob = hub.blob("models--acme--tiny", "0" * 40, 100)
    hub.snapshot("models--acme--tiny", "a" * 40, {"x": blob.name}, "main")
    put(tmp_path / ".cache" / "huggingface" / "token", "hf_secret")
    judging = judge(tmp_path)
    assert {one.safety for one in judging.findings() if one.is_keep} == {Safety.KEEP}
    assert not any(one.offers for one in judging.findings() if one.is_keep)
    assert of(judging, "hub-token")


def test_a_link_from_another_part_of_the_tree_keeps_a_checkpoint(tmp_path: Path) -> None:
    for step in (1, 2, 3):
        checkpoint(tmp_path / "work/runs/sft", step)
    link(tmp_path / "srv/current-model", "../work/runs/sft/checkpoint-1")
    link(tmp_path / "work/runs/sft/checkpoint-2/self", "model.safetensors")
    offers = offered(judge(tmp_path), tmp_path)
    assert not [path for path in offers if path.startswith("work/runs/sft/checkpoint-1")]
    assert [path for path in offers if path.startswith("work/runs/sft/checkpoint-2")]
