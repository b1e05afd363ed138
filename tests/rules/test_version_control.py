"""Git, git-lfs and DVC: what their own commands would remove, and that dusk offers nothing else inside."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from dusk.rules.finding import Action
from dusk.rules.safety import Safety

from .trees import judge, names, of, offered, only, put, set_age

COMMIT, OTHER = "a" * 40, "b" * 40


def repository(where: Path, *, local: str = COMMIT, remote: str = COMMIT) -> Path:
    put(where / ".git" / "HEAD", "ref: refs/heads/main\n")
    put(where / ".git" / "config", "[core]\n")
    put(where / ".git" / "refs" / "heads" / "main", f"{local}\n")
    put(where / ".git" / "packed-refs", f"# pack-refs with: peeled\n{remote} refs/remotes/origin/main\n")
    (where / ".git" / "objects" / "pack").mkdir(parents=True)
    return where


def lfs_object(where: Path, content: bytes) -> tuple[Path, bytes]:
    """Make an object of git-lfs; return it with git's name of its pointer."""
    name = hashlib.sha256(content).hexdigest()
    path = put(where / ".git" / "lfs" / "objects" / name[:2] / name[2:4] / name, content)
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{name}\nsize {len(content)}\n".encode()
    return path, hashlib.sha1(b"blob %d\0" % len(pointer) + pointer).digest()


def index(where: Path, *blobs: bytes) -> None:
    entries = b"".join(b"\0" * 40 + blob + b"\0\5a.bin\0" for blob in blobs)
    put(where / ".git" / "index", b"DIRC\0\0\0\2" + len(blobs).to_bytes(4, "big") + entries)


def test_older_versions_of_large_files_are_left_to_git_lfs(tmp_path: Path) -> None:
    where = repository(tmp_path / "repo")
    old, _ = lfs_object(where, b"old" * 1000)
    _, pointer = lfs_object(where, b"new" * 1000)
    index(where, pointer)
    finding = only(judge(tmp_path), "git-lfs-unused")
    assert names(finding, tmp_path) == {os.path.relpath(old, tmp_path)}
    assert finding.safety is Safety.COSTLY
    assert [offer.action for offer in finding.offers] == [Action.NATIVE]
    assert finding.offers[0].options.command[:3] == ("git", "-C", str(where))
    assert "--dry-run" in finding.offers[0].options.preview


def test_nothing_is_said_of_large_files_that_were_not_pushed(tmp_path: Path) -> None:
    for name, (local, remote) in {"ahead": (OTHER, COMMIT), "stash": (COMMIT, COMMIT)}.items():
        where = repository(tmp_path / name, local=local, remote=remote)
        lfs_object(where, b"old" * 1000)
        index(where, lfs_object(where, b"new" * 1000)[1])
    put(tmp_path / "stash" / ".git" / "refs" / "stash", f"{OTHER}\n")
    alone = repository(tmp_path / "alone")
    (alone / ".git" / "packed-refs").unlink()
    lfs_object(alone, b"old" * 1000)
    index(alone, lfs_object(alone, b"new" * 1000)[1])
    judged = judge(tmp_path)
    assert not of(judged, "git-lfs-unused") and not offered(judged, tmp_path)


def test_what_the_remote_holds_may_go_while_a_commit_waits_to_be_pushed(tmp_path: Path) -> None:
    where = repository(tmp_path / "repo", local=OTHER, remote=COMMIT)
    # The path is that of the machine the tree was copied from.
    put(where / ".git" / "config", '[remote "origin"]\n\turl = file:///mnt/elsewhere/store.git\n')
    pushed, _ = lfs_object(where, b"old" * 1000)
    lfs_object(where, b"not pushed" * 1000)
    index(where, lfs_object(where, b"new" * 1000)[1])
    copy = pushed.relative_to(where / ".git")
    put(tmp_path / "store.git" / copy, b"old" * 1000)
    assert names(only(judge(tmp_path), "git-lfs-unused"), tmp_path) == {os.path.relpath(pushed, tmp_path)}


def test_leftovers_of_a_killed_fetch_are_left_to_git(tmp_path: Path) -> None:
    where = repository(tmp_path / "repo")
    put(where / ".git" / "objects" / "pack" / "tmp_pack_AbCdEf", size=90000)
    put(where / ".git" / "objects" / "pack" / "tmp_pack_now", size=90000, age=60.0)
    put(where / ".git" / "objects" / "pack" / "pack-aa.pack", size=90000)
    finding = only(judge(tmp_path), "git-garbage")
    assert names(finding, tmp_path) == {"repo/.git/objects/pack/tmp_pack_AbCdEf"}
    assert [offer.action for offer in finding.offers] == [Action.NATIVE]


def test_nothing_inside_a_repository_is_ever_trashed(tmp_path: Path) -> None:
    where = repository(tmp_path / "repo")
    put(where / ".git" / "x.bak", "a", age=5e6)
    put(where / ".git" / "x", "b")
    put(where / ".git" / "gc.log", "2025-11-22 03:00:01 error")
    put(where / ".git" / "__pycache__" / "m.cpython-311.pyc")
    put(where / ".git" / "m.py")
    (where / ".git" / "branches").mkdir()
    bare = tmp_path / "lib.git"
    put(bare / "HEAD", "ref: refs/heads/main\n")
    put(bare / "config", "[core]\n")
    for place in ("objects/info", "refs/tags", "branches"):
        (bare / place).mkdir(parents=True)
    for directory in (tmp_path / "lib.git").rglob("*"):
        set_age(directory, 5e6)
    judged = judge(tmp_path)
    assert not offered(judged, tmp_path)
    assert names(only(judged, "bare-repository"), tmp_path) == {"lib.git"}


def dvc(where: Path, url: str = "../../store") -> dict[str, Path]:
    put(where / ".dvc" / "config", f"['remote \"store\"']\n    url = {url}\n[core]\n    remote = store\n")
    versions = {}
    for name in ("used", "listed", "pushed", "only"):
        md5 = hashlib.md5(name.encode()).hexdigest()
        versions[name] = put(where / ".dvc" / "cache" / "files" / "md5" / md5[:2] / md5[2:], size=900)
    listing = hashlib.md5(b"dir").hexdigest()
    listed = hashlib.md5(b"listed").hexdigest()
    put(
        where / ".dvc" / "cache" / "files" / "md5" / listing[:2] / f"{listing[2:]}.dir",
        f'[{{"md5": "{listed}", "relpath": "1.dat"}}]',
    )
    put(where / "data.dvc", f"outs:\n- md5: {listing}.dir\n  path: data\n")
    put(where / "dvc.lock", f"stages:\n  a:\n    outs:\n    - md5: {hashlib.md5(b'used').hexdigest()}\n")
    return versions


def test_versions_that_the_workspace_names_are_never_offered(tmp_path: Path) -> None:
    versions = dvc(tmp_path / "proj")
    md5 = hashlib.md5(b"pushed").hexdigest()
    put(tmp_path / "store" / "files" / "md5" / md5[:2] / md5[2:], size=900)
    judged = judge(tmp_path)
    pushed, alone = only(judged, "dvc-unused-pushed"), only(judged, "dvc-unused")
    assert [os.fsdecode(path) for path in pushed.paths] == [str(versions["pushed"])]
    assert [os.fsdecode(path) for path in alone.paths] == [str(versions["only"])]
    assert (pushed.safety, alone.safety) == (Safety.COSTLY, Safety.REVIEW)
    assert pushed.offers[0].options.command == ("dvc", "gc", "--workspace", "--force")


def test_a_remote_is_found_where_the_tree_was_moved_to(tmp_path: Path) -> None:
    dvc(tmp_path / "proj", url="/elsewhere/before/store")
    md5 = hashlib.md5(b"pushed").hexdigest()
    put(tmp_path / "store" / "files" / "md5" / md5[:2] / md5[2:], size=900)
    assert of(judge(tmp_path), "dvc-unused-pushed")


def test_without_a_word_about_what_is_used_nothing_is_said(tmp_path: Path) -> None:
    dvc(tmp_path / "proj")
    (tmp_path / "proj" / "data.dvc").unlink()
    (tmp_path / "proj" / "dvc.lock").unlink()
    assert not offered(judge(tmp_path), tmp_path)
