"""Build outputs: known by the tool's own files and the source beside them, and never when git tracks them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from .trees import judge, names, of, offered, only, put, set_ages


def git(where: Path, *words: str) -> None:
    identity = ("-c", "user.name=n", "-c", "user.email=n@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, "-C", where, *words], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    where = tmp_path / "repo"
    where.mkdir()
    git(where, "init", "-q")
    return where


def python_project(where: Path) -> Path:
    put(where / "setup.py")
    put(where / "mine" / "a.py")
    put(where / "build" / "lib" / "mine" / "a.py")
    put(where / "dist" / "mine-1.0-py3-none-any.whl", size=900)
    put(where / "mine.egg-info" / "PKG-INFO")
    put(where / "mine.egg-info" / "SOURCES.txt")
    return where


def test_what_setuptools_made_is_costly(tmp_path: Path) -> None:
    python_project(tmp_path / "lib")
    assert offered(judge(tmp_path), tmp_path) == {"lib/build", "lib/dist", "lib/mine.egg-info"}


def test_what_git_tracks_is_no_leftover(repository: Path) -> None:
    python_project(repository)
    put(repository / "web" / "package.json", "{}")
    put(repository / "web" / "package-lock.json", "{}")
    put(repository / "web" / "node_modules" / "x" / "index.js")
    put(repository / "web" / "notes.bak", "old")
    put(repository / "web" / "notes", "new")
    put(repository / "logs" / "sample.log", "2025-11-22 03:00:01 INFO")
    git(repository, "add", "-f", ".")
    git(repository, "commit", "-qm", "all of it")
    set_ages(repository)
    judged = judge(repository.parent)
    assert not offered(judged, repository.parent)
    assert of(judged, "node-modules-tracked")


def test_only_what_is_tracked_counts(repository: Path) -> None:
    python_project(repository)
    git(repository, "add", "setup.py", "mine", "build")
    git(repository, "commit", "-qm", "a build directory of one's own")
    set_ages(repository)
    assert offered(judge(repository.parent), repository) == {"dist", "mine.egg-info"}


def test_an_index_that_cannot_be_read_means_no(repository: Path) -> None:
    python_project(repository)
    git(repository, "add", "setup.py")
    git(repository, "update-index", "--index-version=4")
    set_ages(repository)
    assert not offered(judge(repository.parent), repository)


def test_a_repository_around_what_is_scanned_is_asked_too(repository: Path) -> None:
    python_project(repository / "packages" / "lib")
    git(repository, "add", "packages/lib/dist")
    set_ages(repository)
    assert offered(judge(repository / "packages"), repository / "packages") == {
        "lib/build",
        "lib/mine.egg-info",
    }


@pytest.mark.parametrize("name", ["target", "build", "dist", "env", "cache", "node_modules", "core", "queue"])
def test_a_name_alone_says_nothing(tmp_path: Path, name: str) -> None:
    put(tmp_path / "project" / "main.py")
    put(tmp_path / "project" / name / "important.bin", size=9000)
    assert not offered(judge(tmp_path), tmp_path)


def test_a_persons_file_in_a_build_directory_keeps_it(tmp_path: Path) -> None:
    put(tmp_path / "tool" / "Cargo.toml")
    put(tmp_path / "tool" / "target" / ".rustc_info.json", "{}")
    put(tmp_path / "tool" / "target" / "debug" / "tool", size=9000)
    put(tmp_path / "tool" / "target" / "NOTES.md")
    finding = only(judge(tmp_path), "cargo-target")
    assert not finding.offers
    assert any("NOTES.md" in sentence for sentence in finding.evidence)


def test_generated_source_does_not_keep_a_build_directory(tmp_path: Path) -> None:
    put(tmp_path / "llama" / "CMakeLists.txt")
    put(tmp_path / "llama" / "build" / "CMakeCache.txt")
    put(tmp_path / "llama" / "build" / "CMakeFiles" / "3.25" / "CompilerIdC" / "CMakeCCompilerId.c")
    put(tmp_path / "llama" / "build" / "CMakeFiles" / "CMakeOutput.log")
    assert offered(judge(tmp_path), tmp_path) == {"llama/build"}


def test_a_running_build_is_left_alone(tmp_path: Path) -> None:
    put(tmp_path / "tool" / "Cargo.toml")
    put(tmp_path / "tool" / "target" / ".rustc_info.json", "{}")
    put(tmp_path / "tool" / "target" / "debug" / "tool", age=30.0)
    assert names(only(judge(tmp_path), "cargo-target"), tmp_path) == {"tool/target"}
    assert not offered(judge(tmp_path), tmp_path)


def test_a_moved_target_of_cargo_is_judged_by_whether_its_sources_are_left(tmp_path: Path) -> None:
    for name, source in (("shared", "proj/tool/src/main.rs"), ("orphan", "gone/src/main.rs")):
        where = tmp_path / name
        put(where / ".rustc_info.json", "{}")
        put(where / "CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n")
        put(where / "release" / "tool", size=9000)
        put(where / "release" / "tool.d", f"/old/disk/{name}/release/tool: /old/disk/{source}\n")
    put(tmp_path / "proj" / "tool" / "src" / "main.rs", "fn main() {}\n")
    found = {
        names(finding, tmp_path).pop(): finding.safety.value
        for finding in of(judge(tmp_path), "cargo-moved-target")
    }
    assert found == {"shared": "costly", "orphan": "review"}


def test_a_build_with_too_much_in_it_is_not_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dusk.rules.inspectors.build_outputs._MOST", 3)
    put(tmp_path / "sim" / "build" / "CMakeCache.txt")
    for number in range(5):
        put(tmp_path / "sim" / "build" / "bin" / f"sim{number}")
    finding = only(judge(tmp_path), "cmake-build")
    assert not finding.offers
    assert any("cannot be told" in sentence for sentence in finding.evidence)


@pytest.mark.parametrize(
    ("name", "build_file", "text", "is_offered"),
    [
        ("parser.c", "CMakeFiles/db.dir/build.make", "parser.c: ../parser.y\n", True),
        ("version.cpp", "CMakeFiles/db.dir/build.make", "a.o: /old/db/build/version.cpp\n", True),
        ("setup.py", "CMakeFiles/Makefile.cmake", '  "setup.py"\n', True),
        ("hash.c", "Makefile", "hash.o: hash.c.o\n", False),
        ("hash.c", "CMakeFiles/db.dir/build.make", "hash.c.o: /old/db/hash.c\n", False),
        ("hash.c", "CMakeFiles/db.dir/build.make", "a.o: my_hash.c ../hash.c\n", False),
    ],
)
def test_a_source_is_a_builds_own_where_the_build_names_it(
    tmp_path: Path, name: str, build_file: str, text: str, is_offered: bool
) -> None:
    build = tmp_path / "db" / "build"
    put(build / "CMakeCache.txt")
    put(build / name)
    put(build / build_file, text)
    assert bool(offered(judge(tmp_path), tmp_path)) is is_offered
