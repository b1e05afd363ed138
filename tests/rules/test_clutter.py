"""What piles up in projects: archives beside their content, logs, backups, downloads, notebooks."""

from __future__ import annotations

import io
import json
import struct
import tarfile
import time
import zipfile
from pathlib import Path

import pytest

from dusk.rules.finding import Action
from dusk.rules.safety import Safety

from .training_trees import torch_zip
from .trees import DAY, judge, names, of, offered, only, put, set_age, set_ages

LOG = "2025-11-22 03:00:01 INFO step 1 loss 2.5\n" * 20


def pictures(where: Path, count: int = 5) -> dict[str, bytes]:
    found = {}
    for number in range(count):
        content = bytes([number]) * (1000 + number)
        put(where / f"{number}.jpg", content)
        found[f"{number}.jpg"] = content
    return found


def pack(archive: Path, files: dict[str, bytes]) -> Path:
    archive.parent.mkdir(parents=True, exist_ok=True)
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive, "w") as packed:
            for name, content in files.items():
                packed.writestr(name, content)
    else:
        with tarfile.open(archive, "w:gz") as packed:
            for name, content in files.items():
                member = tarfile.TarInfo(f"./{name}")
                member.size = len(content)
                packed.addfile(member, io.BytesIO(content))
    set_age(archive, 30 * DAY)
    return archive


@pytest.mark.parametrize("suffix", [".zip", ".tar.gz", ".tgz"])
def test_an_archive_beside_its_content_is_offered_or_the_content_instead(tmp_path: Path, suffix: str) -> None:
    files = pictures(tmp_path / "data" / "cats")
    pack(tmp_path / "data" / f"cats{suffix}", {f"cats/{name}": content for name, content in files.items()})
    finding = only(judge(tmp_path), "archive-unpacked")
    assert names(finding, tmp_path) == {f"data/cats{suffix}"}
    assert [offer.action for offer in finding.offers] == [Action.TRASH, Action.ARCHIVE, Action.TRASH]
    assert finding.offers[2].paths[0].endswith(b"/cats")


def test_members_without_a_directory_are_looked_for_in_one_of_that_name(tmp_path: Path) -> None:
    pack(tmp_path / "flat.zip", pictures(tmp_path / "flat"))
    assert names(only(judge(tmp_path), "archive-unpacked"), tmp_path) == {"flat.zip"}


def test_content_that_grew_or_changed_stays_in_any_case(tmp_path: Path) -> None:
    pack(tmp_path / "flat.zip", pictures(tmp_path / "flat"))
    put(tmp_path / "flat" / "mine.jpg", b"x", age=DAY)
    finding = only(judge(tmp_path), "archive-unpacked")
    assert [offer.action for offer in finding.offers] == [Action.TRASH, Action.ARCHIVE]
    assert any("1 more file and 1 newer one" in sentence for sentence in finding.evidence)


def test_archives_of_something_else_are_no_copies(tmp_path: Path) -> None:
    pictures(tmp_path / "dogs")
    pack(tmp_path / "dogs.zip", {"dogs/other.jpg": b"x" * 50})
    pack(tmp_path / "birds.zip", {"birds/1.jpg": b"x" * 50})
    pack(tmp_path / "size.zip", {"dogs/0.jpg": b"x"})
    put(tmp_path / "broken.zip", b"PK\3\4 and no end", size=9000)
    put(tmp_path / "broken" / "x")
    put(tmp_path / "bad.tar.gz", b"\x1f\x8b\x08 no stream", size=9000)
    put(tmp_path / "bad" / "x")
    pack(tmp_path / "empty.zip", {})
    assert not offered(judge(tmp_path), tmp_path)


def test_logs_are_compressed_first_and_rotated_ones_go(tmp_path: Path) -> None:
    put(tmp_path / "train.py")
    for name in (
        "logs/train.log",
        "logs/train.log.1",
        "logs/train.log-20251101",
        "nohup.out",
        "slurm-12_3.out",
    ):
        put(tmp_path / name, LOG)
    put(tmp_path / "slurm-12_3.err", "x\n")
    put(tmp_path / "logs" / "train.log.2.gz", b"\x1f\x8b\x08")
    judged = judge(tmp_path)
    logs, rotated = only(judged, "log"), only(judged, "rotated-log")
    assert names(logs, tmp_path) == {"logs/train.log", "nohup.out", "slurm-12_3.out", "slurm-12_3.err"}
    assert names(rotated, tmp_path) == {
        "logs/train.log.1", "logs/train.log-20251101", "logs/train.log.2.gz",
    }  # fmt: skip
    assert [offer.action.value for offer in logs.offers] == ["compress", "rotate", "archive", "trash"]
    compress = next(offer for offer in rotated.offers if offer.action is Action.COMPRESS)
    assert not any(path.endswith(b".gz") for path in compress.paths)
    assert logs.safety is rotated.safety is Safety.REVIEW


def test_a_log_that_is_written_now_and_names_alike_are_left_alone(tmp_path: Path) -> None:
    put(tmp_path / "now.log", LOG, age=30.0)
    put(tmp_path / "a.out", b"\x7fELF\2\1\1\0" * 20)
    put(tmp_path / "man" / "ls.1", "manual")
    put(tmp_path / "data" / "part.1", "x")
    put(tmp_path / "containers" / ("a" * 64) / f"{'a' * 64}-json.log.1", LOG)
    assert not offered(judge(tmp_path), tmp_path)


def test_of_a_series_of_backups_the_newest_stays(tmp_path: Path) -> None:
    for day in ("2025-10-01", "2025-10-08", "2025-10-15"):
        put(tmp_path / "backups" / f"db_{day}.tar.gz", b"x" * 500)
        put(tmp_path / "m" / f"model_backup_{day.replace('-', '')}.bin", b"x" * 500)
        put(tmp_path / "frames" / f"cam_{day}.zip", b"x" * 500)
    going = offered(judge(tmp_path), tmp_path)
    assert going == {
        "backups/db_2025-10-01.tar.gz", "backups/db_2025-10-08.tar.gz",
        "m/model_backup_20251001.bin", "m/model_backup_20251008.bin",
    }  # fmt: skip


def test_a_copy_of_what_was_emptied_or_cut_off_is_all_that_is_left(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.tex", "whole.npz"):
        put(tmp_path / f"{name}.bak", b"PK\3\4" + b"x" * 400, age=9 * DAY)
    (tmp_path / "a.yaml").touch()
    put(tmp_path / "b.tex", b"\\sec", age=DAY)
    put(tmp_path / "whole.npz", b"PK\3\4" + b"x" * 400, age=DAY)
    put(tmp_path / "model.pt.bak", torch_zip(padding=900), age=9 * DAY)
    put(tmp_path / "model.pt", torch_zip(padding=900)[:600], age=DAY)
    set_age(tmp_path / "a.yaml", DAY)
    assert offered(judge(tmp_path), tmp_path) == {"whole.npz.bak"}


def test_a_copy_needs_its_original_which_is_not_older(tmp_path: Path) -> None:
    put(tmp_path / "a.yaml", age=DAY)
    put(tmp_path / "a.yaml.bak", "old", age=9 * DAY)
    put(tmp_path / "model.bin", b"x" * 99, age=DAY)
    put(tmp_path / "model_backup_20251001.bin", b"y" * 99, age=9 * DAY)
    put(tmp_path / "gone.yaml.bak", "all that is left", age=9 * DAY)
    put(tmp_path / "b.yaml", age=9 * DAY)
    put(tmp_path / "b.yaml.orig", "newer", age=DAY)
    for secret in (".env", "server.pem", "credentials.json"):
        put(tmp_path / secret, age=DAY)
        put(tmp_path / f"{secret}.bak", "secret", age=9 * DAY)
    assert offered(judge(tmp_path), tmp_path) == {"a.yaml.bak", "model_backup_20251001.bin"}


def test_unfinished_downloads_go_and_volumes_of_archives_stay(tmp_path: Path) -> None:
    put(tmp_path / "dl" / "model.safetensors.part", size=9000)
    put(tmp_path / "dl" / "iso.crdownload", size=9000)
    put(tmp_path / "dl" / "film.part1.rar", size=9000)
    put(tmp_path / "dl" / "data.tar.part03", size=9000)
    put(tmp_path / "dl" / "now.zip.part", size=9000, age=60.0)
    put(tmp_path / "dl" / "letter.txt.part", "dear")
    judged = judge(tmp_path)
    assert names(only(judged, "partial-download"), tmp_path) == {
        "dl/model.safetensors.part", "dl/iso.crdownload",
    }  # fmt: skip
    assert of(judged, "temporary-file")[0].safety is Safety.REVIEW
    assert not any("rar" in path or "part03" in path or "now" in path for path in offered(judged, tmp_path))


def test_the_state_of_axel_is_told_from_programs_in_smalltalk(tmp_path: Path) -> None:
    state = struct.pack("<Hq", 2, 0) + struct.pack("<4q", 16, 2048, 2048, 4096)
    put(tmp_path / "big.iso", size=4096)
    put(tmp_path / "big.iso.st", state)
    put(tmp_path / "Account", size=4096)
    put(tmp_path / "Account.st", b"Object subclass: Account [ deposit ]")
    put(tmp_path / "odd.iso", size=4096)
    put(tmp_path / "odd.iso.st", struct.pack("<Hq", 2, 0) + struct.pack("<4q", 16, 2048, 2048, 1))
    put(tmp_path / "alone.iso.st", state)
    # The first connection was done and got the rest of the third one's part.
    put(tmp_path / "late.iso", size=4096)
    put(
        tmp_path / "late.iso.st",
        struct.pack("<Hq", 3, 0) + struct.pack("<6q", 3500, 4096, 2048, 2048, 3000, 3500),
    )
    put(tmp_path / "twice.iso", size=4096)
    put(tmp_path / "twice.iso.st", struct.pack("<Hq", 2, 0) + struct.pack("<4q", 16, 3000, 2048, 4096))
    assert offered(judge(tmp_path), tmp_path) == {"big.iso", "big.iso.st", "late.iso", "late.iso.st"}


def test_a_control_file_of_aria2_goes_only_with_its_download(tmp_path: Path) -> None:
    put(tmp_path / "big.zip", size=9000)
    put(tmp_path / "big.zip.aria2", b"\0\1")
    put(tmp_path / "live.zip", size=9000, age=60.0)
    put(tmp_path / "live.zip.aria2", b"\0\1")
    [offer] = only(judge(tmp_path), "partial-aria2").offers
    assert {Path(path.decode()).name for path in offer.paths} == {"big.zip", "big.zip.aria2"}


def test_a_notebooks_saved_state_goes_while_the_notebook_is_sound(tmp_path: Path) -> None:
    whole = json.dumps({"cells": [{"source": "x" * 99}], "nbformat": 4})
    saved = tmp_path / "nb" / ".ipynb_checkpoints"
    for name, text, age in (
        ("a", whole, DAY),
        ("cut", whole[:-9] + " " * 9, DAY),
        ("older", whole, 90 * DAY),
    ):
        put(tmp_path / "nb" / f"{name}.ipynb", text, age=age)
        put(saved / f"{name}-checkpoint.ipynb", whole, age=9 * DAY)
    put(saved / "gone-checkpoint.ipynb", whole)
    judged = judge(tmp_path)
    safe, review = only(judged, "notebook-checkpoint"), only(judged, "notebook-checkpoint-alone")
    assert names(safe, saved) == {"a-checkpoint.ipynb"} and safe.safety is Safety.SAFE
    assert names(review, saved) == {
        "cut-checkpoint.ipynb", "older-checkpoint.ipynb", "gone-checkpoint.ipynb",
    }  # fmt: skip


def test_a_queue_can_be_tried_again_split_or_packed(tmp_path: Path) -> None:
    for stage in ("failed", "processing", "normal"):
        (tmp_path / "queue" / stage).mkdir(parents=True)
    put(tmp_path / "queue" / "failed" / "a.jsonl", '{"a": 1}\n' * 99, age=DAY)
    put(tmp_path / "queue" / "failed" / "b.parquet", b"PAR1", age=DAY)
    finding = only(judge(tmp_path), "queue-failed")
    by_action = {offer.action.value: len(offer.paths) for offer in finding.offers}
    assert by_action == {"trash": 2, "requeue": 2, "split": 1, "compress": 1, "archive": 2}


def test_clutter_inside_what_another_rule_knows_is_not_said_twice(tmp_path: Path) -> None:
    put(tmp_path / "home" / ".npm" / "_cacache" / "index-v5" / "ab")
    put(tmp_path / "home" / ".npm" / "_logs" / "2026-debug-0.log", LOG)
    set_ages(tmp_path)
    judged = judge(tmp_path)
    assert not of(judged, "log") and of(judged, "npm-logs")


def test_an_archive_that_claims_too_much_is_not_read_to_the_end(tmp_path: Path) -> None:
    for name in ("a", "b"):
        put(tmp_path / name / "x.txt")
    put(tmp_path / "a.tar", b"", size=1 << 34)  # decompressors skip the zeros of a hole, all 16 GiB
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 9, 9, 3 << 30, 0, 0)
    archive = put(tmp_path / "b.zip", b"PK\x03\x04", size=3 << 30)
    with archive.open("ab") as file:
        file.write(end)
    set_age(archive, 30 * DAY)
    started = time.monotonic()
    assert not of(judge(tmp_path), "archive-unpacked")
    assert time.monotonic() - started < 10


def test_nested_brackets_in_a_configuration_stop_no_inspector(tmp_path: Path) -> None:
    for name in (
        "config.json",
        "model_index.json",
        "modules.json",
        "adapter_config.json",
        "trainer_state.json",
    ):
        put(tmp_path / name.replace(".", "_") / name, '{"a":' * 9000)
        put(tmp_path / name.replace(".", "_") / "model.safetensors", size=900)
    judged = judge(tmp_path)  # raises what an inspector raised
    assert not [one for one in judged.findings() if one.safety in (Safety.SAFE, Safety.COSTLY)]
