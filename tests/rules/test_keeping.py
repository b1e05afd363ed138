"""What is kept, what it holds back, and what only looks like it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dusk.fs.mounts import MountTable
from dusk.fs.protected import Protection
from dusk.rules.finding import Action
from dusk.rules.inspectors.empty_directories import is_the_systems
from dusk.rules.safety import Safety

from .trees import DAY, index_of, judge, names, of, offered, only, put, set_ages

PYC = "__pycache__/m.cpython-311.pyc"


def kept(tmp_path: Path) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for finding in judge(tmp_path).findings():
        if finding.is_keep:
            assert not finding.offers
            found.setdefault(finding.rule, set()).update(names(finding, tmp_path))
    return found


def test_notes_source_configuration_secrets_and_databases_are_kept(tmp_path: Path) -> None:
    put(tmp_path / "OBSERVATIONS" / "loss.md")
    put(tmp_path / "OBSERVATIONS" / "format.md")
    put(tmp_path / "core" / "train.py")
    put(tmp_path / "conf" / "run.yaml")
    put(tmp_path / ".env", "TOKEN=1")
    put(tmp_path / "keys" / "server.pem")
    put(tmp_path / "data" / "app.sqlite3")
    put(tmp_path / "data" / "app.sqlite3-wal")
    put(tmp_path / "proj" / ".git" / "HEAD", "ref: refs/heads/main")
    put(tmp_path / "home" / ".ollama" / "id_ed25519")
    put(tmp_path / "home" / ".ollama" / "history")
    put(tmp_path / "home" / ".config" / "tool" / "telemetry.bin")
    found = kept(tmp_path)
    assert found["user-notes"] == {"OBSERVATIONS"}
    assert found["source-code"] == {"core/train.py"}
    assert found["configuration"] == {"conf/run.yaml"}
    assert found["secret"] >= {".env", "keys/server.pem", "home/.ollama/id_ed25519"}
    assert found["database"] == {"data"}
    assert found["version-control"] == {"proj/.git"}
    assert found["ollama-keys"] == {"home/.ollama/id_ed25519", "home/.ollama/history"}
    assert found["user-configuration"] == {"home/.config"}


def test_what_tools_installed_is_nobodys_source(tmp_path: Path) -> None:
    put(tmp_path / "env" / "pyvenv.cfg")
    put(tmp_path / "env" / "lib" / "python3.11" / "site-packages" / "six.py")
    put(tmp_path / "env" / "share" / "doc.md")
    put(tmp_path / "web" / "node_modules" / "left-pad" / "index.js")
    put(tmp_path / "web" / "node_modules" / "left-pad" / "README.md")
    put(tmp_path / "python" / "lib" / "python3.13" / "site-packages" / "pip.py")
    put(tmp_path / "python" / "lib" / "python3.13" / "json" / "decoder.py")
    put(tmp_path / "python" / "lib" / "python3.13" / "json" / "__pycache__" / "decoder.cpython-313.pyc")
    assert kept(tmp_path) == {}
    assert offered(judge(tmp_path), tmp_path) == {"env"}


def test_keeps_below_names_what_is_kept_at_most_twenty_times(tmp_path: Path) -> None:
    for number in range(40):
        put(tmp_path / "proj" / f"module{number:02}" / "main.py")
    put(tmp_path / "proj" / "weights.bin", size=100)
    judging = judge(tmp_path)
    below = judging.keeps_below(index_of(judging, tmp_path / "proj"))
    assert len(below) == 20
    assert all(path.endswith(b"main.py") for path in below)
    assert judging.keeps_below(index_of(judging, tmp_path / "proj" / "weights.bin")) == ()
    one = tmp_path / "proj" / "module07" / "main.py"
    assert judging.keeps_below(index_of(judging, one)) == (os.fsencode(one),)


def test_many_notes_are_one_finding_per_project(tmp_path: Path) -> None:
    for project in ("a", "b"):
        put(tmp_path / project / "pyproject.toml")
        for number in range(30):
            put(tmp_path / project / f"docs{number}" / "text.md")
    assert len(of(judge(tmp_path), "user-notes")) == 2


def test_nothing_is_suggested_in_version_control_nor_in_settings(tmp_path: Path) -> None:
    for place in (".git", ".config/app", ".ssh"):
        put(tmp_path / place / "hooks" / "x.py")
        put(tmp_path / place / "hooks" / "__pycache__" / "x.cpython-311.pyc")
        (tmp_path / place / "empty").mkdir()
    assert not offered(judge(tmp_path), tmp_path)


def test_bytecode_is_one_finding_per_project_with_every_path(tmp_path: Path) -> None:
    for project in ("a", "b"):
        put(tmp_path / project / "setup.py")
        for number in range(30):
            put(tmp_path / project / f"p{number}" / "m.py")
            put(tmp_path / project / f"p{number}" / "__pycache__" / "m.cpython-311.pyc", size=100)
    judging = judge(tmp_path)
    findings = of(judging, "python-bytecode")
    assert len(findings) == 2
    assert all(len(finding.paths) == 30 and finding.safety is Safety.SAFE for finding in findings)
    assert all("30 compiled files in 30 directories" in finding.evidence[0] for finding in findings)
    assert all(finding.offers[0].paths == finding.paths for finding in findings)


@pytest.mark.parametrize(
    ("files", "going"),
    [
        (["m.py", PYC], {"__pycache__"}),
        (["m.py", "__pycache__/m.cpython-311.opt-2.pyc", "__pycache__/m.pypy39.pyc"], {"__pycache__"}),
        (["__pycache__/m.cpython-311.pyc"], set()),
        (["m.py", PYC, "__pycache__/gone.cpython-311.pyc"], {PYC}),
        (["m.py", PYC, "__pycache__/notes.txt"], {PYC}),
        (["m.py", PYC, "__pycache__/d/x"], {PYC}),
        (["m.pyc"], set()),
        (["m.py/x", "__pycache__/m.cpython-311.pyc"], set()),
    ],
)  # fmt: skip
def test_bytecode_goes_only_where_its_source_is(tmp_path: Path, files: list[str], going: set[str]) -> None:
    for file in files:
        put(tmp_path / "app" / file)
    assert offered(judge(tmp_path), tmp_path / "app") == going


def test_compiled_modules_without_source_are_kept(tmp_path: Path) -> None:
    put(tmp_path / "app" / "__pycache__" / "m.cpython-311.pyc")
    judging = judge(tmp_path)
    assert names(only(judging, "python-bytecode-only"), tmp_path) == {"app/__pycache__/m.cpython-311.pyc"}


def test_empty_directories_are_one_finding_without_those_that_tools_expect(tmp_path: Path) -> None:
    for place in ("a/b/c", "models/business", "queue/high", "inbox", "logs", ".hidden/x", "run/sockets/deep"):
        (tmp_path / place).mkdir(parents=True)
    put(tmp_path / "full" / "file")
    for directory, _, _ in os.walk(tmp_path, topdown=False):
        os.utime(directory, (1e9, 1e9))
    judging = judge(tmp_path)
    finding = only(judging, "empty-directories")
    assert names(finding, tmp_path) == {"a", "models"}
    assert [offer.action for offer in finding.offers] == [Action.EMPTY_DIRECTORIES]
    assert finding.safety is Safety.SAFE


def test_empty_directories_of_a_store_are_not_somebodys_leftovers(tmp_path: Path) -> None:
    put(tmp_path / "array.tdb/__commits/__1_1_5a.wrt")
    put(tmp_path / "docs/conf.py")
    put(tmp_path / "flow/jobstore/shared/pid.log")
    for place in ("array.tdb/__meta", "docs/_static", "flow/jobstore/files", "flow/jobstore/stats/archive"):
        (tmp_path / place).mkdir(parents=True)
    for place in ("flow/jobstore/jobs/kind-f/0", "flow/files", "drafts/jobs", "drafts/shared"):
        (tmp_path / place).mkdir(parents=True)
    set_ages(tmp_path)
    assert names(only(judge(tmp_path), "empty-directories"), tmp_path) == {"flow/files", "drafts"}


def test_a_directory_that_cannot_be_listed_is_not_empty(tmp_path: Path) -> None:
    (tmp_path / "a" / "locked").mkdir(parents=True)
    (tmp_path / "a" / "locked").chmod(0)
    for directory in (tmp_path / "a" / "locked", tmp_path / "a"):
        os.utime(directory, (1e9, 1e9))
    try:
        found = of(judge(tmp_path), "empty-directories")
        if os.geteuid() != 0:
            assert not found
    finally:
        (tmp_path / "a" / "locked").chmod(0o755)


def test_names_with_escapes_and_broken_text_stay_harmless(tmp_path: Path) -> None:
    nasty = os.fsdecode(b"q\x1b[31m\xff\n[bold]")
    for stage in ("failed", "processing", "normal"):
        (tmp_path / nasty / "queue" / stage).mkdir(parents=True)
    put(tmp_path / nasty / "queue" / "failed" / f"{nasty}.jsonl", size=900, age=DAY)
    finding = only(judge(tmp_path), "queue-failed")
    texts = [finding.title, finding.what, finding.command, finding.cost, finding.recover, *finding.evidence]
    texts += [offer.label for offer in finding.offers]
    for text in texts:
        assert text.isprintable(), text
        text.encode("utf-8")


def test_an_empty_directory_of_something_known_is_not_spoken_of_apart(tmp_path: Path) -> None:
    cache = tmp_path / ".cache" / "torch_extensions"
    put(cache / "py311_cu130" / "one" / "build.ninja")
    (cache / "py311_cu130" / "failed").mkdir()
    (tmp_path / "nothing").mkdir()
    set_ages(tmp_path)
    judging = judge(tmp_path)
    assert names(only(judging, "empty-directories"), tmp_path) == {"nothing"}
    assert names(only(judging, "torch-extensions"), tmp_path) == {".cache/torch_extensions"}


@pytest.mark.parametrize("name", ["analysis.ipynb", "thesis.tex", "notes.org", "why.md"])
@pytest.mark.parametrize("cache", ["torch_compile_cache/0123456789ab/rank_0_0", "torch_compile_cache"])
def test_a_document_in_a_cache_keeps_it_from_going_unseen(tmp_path: Path, cache: str, name: str) -> None:
    compiled = put(tmp_path / "home/.cache/vllm/torch_compile_cache/0123456789ab/rank_0_0/graph.py")
    put(tmp_path / "home/.cache/vllm" / cache / name)
    judged = judge(tmp_path)
    above = {os.fsencode(place) for place in compiled.parents}
    assert not [finding for finding in judged.findings() if finding.offers and above & set(finding.paths)]


def test_directories_of_sessions_are_no_empty_directories(tmp_path: Path) -> None:
    for name in ("tmux-1000", "ssh-XXabc", "systemd-private-1-a.service-x/tmp", "forgotten"):
        (tmp_path / "tmp" / name).mkdir(parents=True)
    put(tmp_path / "tmp/list.txt")
    set_ages(tmp_path)
    assert names(only(judge(tmp_path), "empty-directories"), tmp_path / "tmp") == {"forgotten"}


def test_an_empty_home_is_no_empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("home/ann", "forgotten"):
        (tmp_path / name).mkdir(parents=True)
    set_ages(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home/ann"))
    assert names(only(judge(tmp_path), "empty-directories"), tmp_path) == {"forgotten"}


@pytest.mark.parametrize(
    "path",
    ["/srv", "/opt/containerd", "/var/log/journal", "/var/mail", "/etc/skel/x", "/home", "/data/.git/info"],
)
def test_empty_directories_of_the_system_are_its_own(path: str) -> None:
    assert is_the_systems(os.fsencode(path), Protection.load(mounts=MountTable(())))


@pytest.mark.parametrize("path", ["/srv/models", "/var/tmp/build", "/data/x", "/opt/tool/empty"])
def test_empty_directories_of_people_may_go(path: str) -> None:
    assert not is_the_systems(os.fsencode(path), Protection.load(mounts=MountTable(())))
