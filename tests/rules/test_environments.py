"""Environments and caches of package managers: what a lock file brings back, and what it does not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dusk.rules.safety import Safety

from .trees import DAY, judge, link, names, of, offered, only, put, set_ages


def environment(where: Path, *, package: str = "six") -> Path:
    put(where / "pyvenv.cfg", "home = /usr/bin\nversion_info = 3.11.7\n")
    put(where / "bin" / "python")
    put(where / "CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n")
    put(where / "lib" / "python3.11" / "site-packages" / f"{package}.py")
    put(where / "lib" / "python3.11" / "site-packages" / f"{package}-1.0.dist-info" / "METADATA")
    return where


def uv_cache(where: Path, *packages: str) -> Path:
    put(where / "CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n")
    put(where / "sdists-v10" / ".git", b"")
    put(where / "git-v0" / "checkouts" / "ab" / ".git" / "HEAD", "ref: refs/heads/main\n")
    for package in packages:
        put(where / "archive-v0" / f"id{package}" / f"{package}.py")
        put(where / "archive-v0" / f"id{package}" / "certifi" / "cacert.pem")
    return where


@pytest.mark.parametrize("lock", ["uv.lock", "requirements-dev.txt", "poetry.lock", "pylock.toml"])
def test_an_environment_with_a_lock_file_is_costly(tmp_path: Path, lock: str) -> None:
    environment(tmp_path / "app" / ".venv")
    put(tmp_path / "app" / lock)
    finding = only(judge(tmp_path), "python-environment")
    assert finding.safety is Safety.COSTLY
    assert any(lock in sentence for sentence in finding.evidence)
    assert any("Python 3.11.7" in sentence for sentence in finding.evidence)


def test_an_environment_that_is_written_down_nowhere_is_for_review(tmp_path: Path) -> None:
    environment(tmp_path / "app" / "env")
    put(tmp_path / "app" / "pyproject.toml")
    assert only(judge(tmp_path), "python-environment-unlocked").safety is Safety.REVIEW


def test_work_inside_an_environment_is_never_offered_with_it(tmp_path: Path) -> None:
    put(environment(tmp_path / "a" / "env") / "experiments" / "run.py")
    put(environment(tmp_path / "b" / "env") / "src" / "lib" / ".git" / "HEAD")
    put(tmp_path / "a" / "requirements.txt")
    put(tmp_path / "b" / "requirements.txt")
    assert not offered(judge(tmp_path), tmp_path)


def test_source_that_an_environment_runs_from_where_it_lies_keeps_it(tmp_path: Path) -> None:
    put(environment(tmp_path / "env") / "src" / "mylib" / "mylib" / "core.py")
    put(tmp_path / "requirements.txt")
    finding = only(judge(tmp_path), "python-environment")
    assert not finding.offers
    assert any("src/mylib" in sentence for sentence in finding.evidence)


def test_the_caches_mark_in_an_environment_makes_it_no_cache(tmp_path: Path) -> None:
    environment(tmp_path / "env")
    assert not any(finding.safety is Safety.SAFE for finding in judge(tmp_path).findings())


def test_the_cache_of_uv_goes_whole_where_nothing_links_to_it(tmp_path: Path) -> None:
    uv_cache(tmp_path / "home" / ".cache" / "uv", "six", "idna")
    finding = only(judge(tmp_path), "uv-cache")
    assert names(finding, tmp_path) == {"home/.cache/uv"} and finding.offers


def test_what_came_by_no_uv_is_named_and_stays(tmp_path: Path) -> None:
    cache = uv_cache(tmp_path / "home" / ".cache" / "uv", "six")
    put(cache / "experiments" / "thesis.docx")
    finding = only(judge(tmp_path), "uv-cache")
    assert names(finding, tmp_path) and "home/.cache/uv/experiments" not in names(finding, tmp_path)
    assert any("experiments at its top" in sentence for sentence in finding.evidence)


def test_a_moved_cache_of_uv_is_known_by_its_structure(tmp_path: Path) -> None:
    uv_cache(tmp_path / "fast" / "cache", "six")
    (tmp_path / "fast" / "cache" / "git-v0").rename(tmp_path / "elsewhere")
    assert names(only(judge(tmp_path), "uv-cache"), tmp_path) == {"fast/cache"}


def test_packages_that_an_environment_links_to_stay_in_the_cache(tmp_path: Path) -> None:
    cache = uv_cache(tmp_path / "home" / ".cache" / "uv", "six", "idna")
    site = environment(tmp_path / "linked", package="own") / "lib" / "python3.11" / "site-packages"
    link(site / "six.py", str(cache / "archive-v0" / "idsix" / "six.py"))
    judged = judge(tmp_path)
    going = names(only(judged, "uv-cache"), tmp_path)
    assert "home/.cache/uv/archive-v0/ididna" in going
    assert "home/.cache/uv/archive-v0/idsix" not in going and "home/.cache/uv" not in going
    assert names(only(judged, "linked-package"), tmp_path) == {"home/.cache/uv/archive-v0/idsix"}


def test_wheels_that_pip_built_are_named(tmp_path: Path) -> None:
    cache = tmp_path / "home" / ".cache" / "pip"
    put(cache / "http-v2" / "0" / "a" / "b" / "c" / "d" / "0abcd", size=9000)
    put(
        cache / "wheels" / "aa" / "bb" / "cc" / "dd" / "flash_attn-2.7-cp311-cp311-linux_x86_64.whl",
        size=5000,
    )
    finding = only(judge(tmp_path), "pip-cache")
    assert any("flash_attn" in sentence for sentence in finding.evidence)
    assert [offer.action.value for offer in finding.offers] == ["trash", "trash", "native"]
    assert finding.offers[1].paths[0].endswith(b"http-v2")
    assert finding.offers[2].options.command[-1] == str(cache)


def test_only_wheels_are_a_cache_of_pip_too(tmp_path: Path) -> None:
    put(
        tmp_path
        / "home"
        / ".cache"
        / "pip"
        / "wheels"
        / "1f"
        / "4e"
        / "9f"
        / "0a"
        / "app-0.1-py3-none-any.whl"
    )
    put(tmp_path / "release" / "wheels" / "mine-1.0-py3-none-any.whl")
    assert names(only(judge(tmp_path), "pip-cache"), tmp_path) == {"home/.cache/pip"}


def test_the_base_of_conda_stays_and_its_environments_are_for_review(tmp_path: Path) -> None:
    base = tmp_path / "miniconda3"
    for place in (base, base / "envs" / "train"):
        put(place / "conda-meta" / "history")
        put(place / "conda-meta" / "zlib-1.3-0.json", "{}")
    put(base / "condabin" / "conda")
    put(base / "pkgs" / "urls.txt")
    put(base / "pkgs" / "zlib-1.3-0.conda", size=9000)
    put(base / "pkgs" / "zlib-1.3-0" / "info" / "index.json", "{}")
    judged = judge(tmp_path)
    assert offered(judged, tmp_path) == {"miniconda3/envs/train", "miniconda3/pkgs"}
    assert only(judged, "conda-environment-unlocked").safety is Safety.REVIEW
    assert only(judged, "conda-package-cache").default_offer.action.value == "native"  # type: ignore[union-attr]


def test_packages_of_a_workspace_have_their_lock_file_at_the_top(tmp_path: Path) -> None:
    put(tmp_path / "mono" / "package.json", "{}")
    put(tmp_path / "mono" / "pnpm-lock.yaml")
    put(tmp_path / "mono" / "apps" / "web" / "package.json", "{}")
    put(tmp_path / "mono" / "apps" / "web" / "node_modules" / "x" / "index.js")
    put(tmp_path / "lone" / "package.json", "{}")
    put(tmp_path / "lone" / "node_modules" / "x" / "index.js")
    judged = judge(tmp_path)
    assert names(only(judged, "node-modules"), tmp_path) == {"mono/apps/web/node_modules"}
    assert names(only(judged, "node-modules-unlocked"), tmp_path) == {"lone/node_modules"}


def test_what_an_editor_used_last_stays_whatever_its_age(tmp_path: Path) -> None:
    servers = tmp_path / "home" / ".vscode-server" / "cli" / "servers"
    old, new = "Stable-" + "a" * 40, "Stable-" + "b" * 40
    put(servers / old / "server" / "node", age=2 * DAY)
    put(servers / new / "server" / "node", age=90 * DAY)
    put(servers / "lru.json", json.dumps([new, old]))
    put(tmp_path / "home" / ".vscode-server" / "data" / "User" / "History" / "x.py")
    judged = judge(tmp_path)
    assert offered(judged, tmp_path) == {f"home/.vscode-server/cli/servers/{old}"}


def test_an_artefact_installed_by_hand_keeps_mavens_repository(tmp_path: Path) -> None:
    repository = tmp_path / "home" / ".m2" / "repository"
    put(repository / "junit" / "junit" / "4.13" / "junit-4.13.jar", size=5000)
    put(repository / "mine" / "app" / "maven-metadata-local.xml")
    judged = judge(tmp_path)
    assert not offered(judged, tmp_path)
    assert of(judged, "java-local-artefact")


@pytest.mark.parametrize("how", ["by its path", "by its name"])
def test_an_environment_that_a_live_program_runs_in_stays(tmp_path: Path, how: str) -> None:
    where = environment(tmp_path / "app" / "env")
    put(tmp_path / "app" / "requirements.txt")
    (where / "bin" / "python").unlink()
    link(where / "bin" / "python", sys.executable)
    program = "print(1, flush=True); import sys; sys.stdin.read()"
    command = ["env/bin/python" if how == "by its path" else sys.executable, "-S", "-c", program]
    variables = {"VIRTUAL_ENV": str(where)} if how == "by its name" else {}
    live_program = subprocess.Popen(
        command,
        cwd=tmp_path / "app",
        env={**os.environ, **variables},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert live_program.stdout is not None and live_program.stdout.readline()
        judged = judge(tmp_path)
    finally:
        live_program.communicate()
    assert not offered(judged, tmp_path)
    assert only(judged, "python-environment").is_keep


def test_what_pip_moved_aside_is_told_in_an_environment_that_lives(tmp_path: Path) -> None:
    packages = tmp_path / "env" / "lib" / "python3.11" / "site-packages"
    put(tmp_path / "env" / "pyvenv.cfg", "home = /usr/bin\n")
    for name in (
        "~umpy/core.so",
        "~umpy-2.4.6.dist-info/RECORD",
        "numpy/core.so",
        "numpy-2.4.7.dist-info/RECORD",
    ):
        put(packages / name)
    put(packages / "numpy" / "~odd" / "data.bin")
    set_ages(tmp_path)
    found = only(judge(tmp_path), "pip-leftover")
    assert {path.rsplit("/", 1)[1] for path in names(found, tmp_path)} == {"~umpy", "~umpy-2.4.6.dist-info"}
    assert found.safety.value == "costly"
    assert "~umpy" in " ".join(found.evidence)
