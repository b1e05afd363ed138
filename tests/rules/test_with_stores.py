"""Do git, Python and pip still go on after what dusk offers is gone? Asked of the tools themselves."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from dusk.rules.finding import Action

from .trees import judge, names, only, put, remove, set_age, set_ages


def told(*words: str | Path, where: Path) -> str:
    """Return what a program says; it must end well."""
    quiet = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    return subprocess.run(
        words, cwd=where, env={**os.environ, **quiet}, check=True, capture_output=True, text=True
    ).stdout


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_git_finds_its_history_whole_after_its_own_command_removed_what_a_killed_one_left(
    tmp_path: Path,
) -> None:
    where = tmp_path / "repo"
    where.mkdir()
    git = ("git", "-c", "user.name=dusk", "-c", "user.email=dusk@example.org", "-c", "gc.auto=0")
    told(*git, "init", "--quiet", where=where)
    for number in range(20):
        (where / "notes.txt").write_text(f"{number}\n" * 100)
        told(*git, "add", ".", where=where)
        told(*git, "commit", "--quiet", "-m", f"{number}", where=where)
    history = told(*git, "log", "--format=%H", where=where)
    objects = where / ".git" / "objects"
    left = put(objects / "pack" / "tmp_pack_AbCdEf", size=90000)
    set_ages(where)

    finding = only(judge(tmp_path), "git-garbage")

    assert names(finding, tmp_path) == {os.path.relpath(left, tmp_path)}
    offer = finding.offers[0]
    assert offer.action is Action.NATIVE
    told(*offer.options.command, where=where)
    assert not left.exists()
    told(*git, "fsck", "--full", "--strict", where=where)
    assert told(*git, "log", "--format=%H", where=where) == history
    assert told(*git, "status", "--porcelain", where=where) == ""


def test_an_environment_works_without_its_bytecode_and_what_pip_moved_aside(tmp_path: Path) -> None:
    where = tmp_path / "project" / ".venv"
    venv.create(where, with_pip=True, symlinks=True)
    python = where / "bin" / "python"
    packages = next(where.glob("lib/python*/site-packages"))
    version = told(python, "-m", "pip", "--version", where=tmp_path)
    installed = next(packages.glob("pip-*.dist-info"))
    # As an upgrade that was killed leaves it: the old distribution, its first letter replaced.
    shutil.copytree(installed, packages / installed.name.replace("pip-", "~ip-", 1))
    shutil.copytree(packages / "pip", packages / "~ip")
    module = put(tmp_path / "project" / "tool.py", "ANSWER = 42\n")
    told(python, "-m", "compileall", "-q", str(module), where=tmp_path)
    set_ages(tmp_path)
    for cache in tmp_path.rglob("__pycache__"):
        set_age(cache, 40 * 86400.0)

    judged = judge(tmp_path)

    assert {os.path.basename(one) for one in names(only(judged, "pip-leftover"), tmp_path)} >= {"~ip"}
    gone = 0
    for finding in judged.findings():
        if finding.rule in ("pip-leftover", "python-bytecode"):
            remove(finding)
            gone += len(finding.offers[0].paths)
    assert gone > 1
    assert told(python, "-m", "pip", "--version", where=tmp_path) == version
    assert "~ip" not in told(python, "-m", "pip", "list", where=tmp_path)
    told(python, "-m", "pip", "check", where=tmp_path)
    assert told(python, "-c", "import tool; print(tool.ANSWER)", where=module.parent) == "42\n"


def little_wheel(place: Path) -> Path:
    """Make a wheel of one module, as a build would."""
    place.mkdir(parents=True)
    wheel = place / "little-1.0-py3-none-any.whl"
    about = "little-1.0.dist-info"
    files = {
        "little.py": "ANSWER = 42\n",
        f"{about}/METADATA": "Metadata-Version: 2.1\nName: little\nVersion: 1.0\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},,\n" for name in (*files, f"{about}/RECORD"))
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in {**files, f"{about}/RECORD": record}.items():
            archive.writestr(name, text)
    return wheel


def test_pip_installs_with_its_cache_gone_and_knows_that_it_is_empty(tmp_path: Path) -> None:
    cache = tmp_path / "home" / ".cache" / "pip"
    wheel = little_wheel(tmp_path / "wheels")
    shutil.copytree(wheel.parent, cache / "wheels" / "aa" / "bb" / "cc" / "dd")
    put(cache / "http-v2" / "a" / "b" / "c" / "d" / "e" / "abcde0123456", size=5000)
    set_ages(tmp_path)
    pip = (sys.executable, "-m", "pip", "--cache-dir", cache, "--disable-pip-version-check")
    assert "little" in told(*pip, "cache", "list", where=tmp_path)

    finding = only(judge(tmp_path), "pip-cache")

    remove(finding)
    assert "little" not in told(*pip, "cache", "list", where=tmp_path)
    target = tmp_path / "target"
    told(*pip, "install", "--quiet", "--no-index", "--target", target, wheel, where=tmp_path)
    assert (target / "little.py").exists()
