"""Where the practice tree is built, and where it is refused."""

import hashlib
import os
from pathlib import Path

import pytest

from dusk.practice import builder
from dusk.practice.builder import PracticeError, build_practice_tree
from dusk.practice.marker import is_practice_tree


def digest(root: Path) -> str:
    result = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        facts = (path.relative_to(root), status.st_mode, status.st_size if not path.is_dir() else 0)
        result.update(repr((*facts, status.st_mtime_ns)).encode())
        if path.is_symlink():
            result.update(os.fsencode(path.readlink()))
        elif path.is_file():
            with path.open("rb") as file:
                result.update(file.read(65536))
    return result.hexdigest()


def test_it_is_the_same_every_time(tmp_path: Path) -> None:
    for name in ("one", "two"):
        build_practice_tree(os.fsencode(tmp_path / name), now=1.7e9)
    # The marker is written when it is built.
    for name in ("one", "two"):
        os.utime(tmp_path / name / ".dusk-practice-tree", (0, 0))
    assert digest(tmp_path / "one") == digest(tmp_path / "two")


def test_it_says_what_it_built(tmp_path: Path) -> None:
    tree = build_practice_tree(os.fsencode(tmp_path / "tree"))
    assert tree.path == os.fsencode(tmp_path / "tree")
    assert tree.entries > 1000
    assert tree.apparent_size > 40 * 1024**3


def test_an_empty_directory_will_do(tmp_path: Path) -> None:
    build_practice_tree(os.fsencode(tmp_path))
    assert is_practice_tree(os.fsencode(tmp_path))


def test_a_directory_with_anything_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(PracticeError, match="not empty"):
        build_practice_tree(os.fsencode(tmp_path), rebuild=True)
    assert os.listdir(tmp_path) == ["thesis.tex"]


def test_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for name in ("file", "file/below"):
        with pytest.raises(PracticeError):
            build_practice_tree(os.fsencode(tmp_path / name))


def test_a_place_without_permission_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    said, saying = os.pipe()
    child = os.fork()
    if child == 0:
        if os.geteuid() == 0:
            os.setgid(65534)
            os.setuid(65534)
        try:
            build_practice_tree(os.fsencode(tmp_path / "tree"))
        except PracticeError as error:
            os.write(saying, str(error).encode())
        finally:
            os._exit(0)
    os.close(saying)
    os.waitpid(child, 0)
    with open(said, "rb") as sentence:
        assert b"Permission denied" in sentence.read()


def test_opening_it_again_changes_nothing(tmp_path: Path) -> None:
    build_practice_tree(os.fsencode(tmp_path))
    (tmp_path / "config.json").unlink()
    (tmp_path / "mine.txt").write_text("kept")
    before = digest(tmp_path)
    build_practice_tree(os.fsencode(tmp_path))
    assert digest(tmp_path) == before


def test_rebuilding_puts_back_what_is_gone_and_keeps_what_was_added(tmp_path: Path) -> None:
    build_practice_tree(os.fsencode(tmp_path))
    (tmp_path / "config.json").unlink()
    (tmp_path / "README.md").write_text("changed")
    (tmp_path / "mine.txt").write_text("kept")
    build_practice_tree(os.fsencode(tmp_path), rebuild=True)
    assert (tmp_path / "config.json").exists()
    assert (tmp_path / "README.md").read_text() != "changed"
    assert (tmp_path / "mine.txt").read_text() == "kept"


def test_rebuilding_follows_no_link_out_of_the_tree(tmp_path: Path) -> None:
    root, outside = tmp_path / "tree", tmp_path / "outside"
    build_practice_tree(os.fsencode(root))
    outside.mkdir()
    (outside / "train.py").write_text("precious")
    (root / "core").rename(root / "core.old")
    (root / "core").symlink_to(outside)
    with pytest.raises(PracticeError, match="in the way"):
        build_practice_tree(os.fsencode(root), rebuild=True)
    assert (outside / "train.py").read_text() == "precious"


def test_a_tree_left_half_built_is_finished_by_the_next_call(tmp_path: Path, monkeypatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(builder, "_write_link", fail)
        with pytest.raises(PracticeError, match="No space left"):
            build_practice_tree(os.fsencode(tmp_path))
    assert is_practice_tree(os.fsencode(tmp_path))
    build_practice_tree(os.fsencode(tmp_path))
    assert (tmp_path / "tara/runs/sft/checkpoint-1500").is_dir()
    assert list((tmp_path / "tara/.cache").rglob("snapshots"))


def test_a_filesystem_without_holes_is_refused(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(os, "fstat", lambda _: os.stat_result((0,) * 10, {"st_blocks": 1 << 20}))
    with pytest.raises(PracticeError, match="sparse"):
        builder._check_sparse(os.fsencode(tmp_path))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"kind": "other"}', "\xff"])
def test_a_file_that_only_has_the_name_marks_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / ".dusk-practice-tree").write_text(text)
    assert not is_practice_tree(os.fsencode(tmp_path))
    with pytest.raises(PracticeError):
        build_practice_tree(os.fsencode(tmp_path))


def test_a_pipe_with_the_name_of_the_marker_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".dusk-practice-tree")
    assert not is_practice_tree(os.fsencode(tmp_path))
