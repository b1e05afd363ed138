"""The practice tree against the two reports that it shows."""

import json
import os
import struct
import time
import zipfile
from pathlib import Path

import pytest

from dusk.practice.builder import build_practice_tree
from dusk.practice.headers import zero_checksum
from dusk.practice.marker import is_practice_tree, practice_root

GIB = 1024**3
MIB = 1024**2
KIB = 1024

# The table of the training report, in its order.
TOP_TEN = {
    "models": 1.5 * GIB,
    "queue": 1.2 * GIB,
    "current_model_small": 1.2 * GIB,
    "status": 147 * MIB,
    "data": 5.6 * MIB,
    "monitoring": 1.1 * MIB,
    "logs": 1.1 * MIB,
    "__pycache__": 488 * KIB,
    "core": 276 * KIB,
    "tools": 220 * KIB,
}
TARA = {
    "gguf": 9.87,
    "microsoft_Phi-3.5-mini-instruct": 7.12,
    "microsoft_phi-2": 5.18,
    "adapters": 4.30,
    "microsoft_DialoGPT-medium": 4.05,
    "leadership": 1.23,
    "creative": 1.23,
    "education": 1.23,
    "business": 0,
    "healthcare": 0,
    "universal": 0,
    "checkpoints": 0,
}
NAMED = (
    "README.md QUICKSTART.md ARCHITECTURE.md TROUBLESHOOTING.md DEVELOPMENT.md CHANGELOG.md "
    "REMOTE_INFERENCE.md 3090_SETUP.md config.json core/train.py core/training_daemon.py "
    "core/training_controller.py core/training_queue.py core/training_status.py core/custom_collator.py "
    "core/logit_penalty.py core/validator.py core/model_db.py core/time_estimator.py "
    "monitoring/servers/live_monitor.py monitoring/servers/memory_stats_api.py "
    "monitoring/servers/enhanced_monitor.py monitoring/ui monitoring/js monitoring/css "
    "management/backup_manager.py management/model_versioner.py management/consolidate_model.py "
    "management/checkpoint_retention.py management/auto_disk_manager.py safety/daemon_watchdog.py "
    "safety/anti_stuck_monitor.py safety/crash_detector.py safety/comprehensive_health_check.py "
    "safety/config_validator.py tools/data tools/config tools/analysis tests scripts/start_all.sh "
    "scripts/check_health.sh scripts/bin models/Qwen3-0.6B data/validation data/evolution_snapshots inbox "
    "queue/failed queue/processing queue/recently_completed logs status/logs control current_model_small "
    "scratch archive/configs archive/experiments GOTCHA_BUSINESS_MODEL OBSERVATIONS "
    "queue/failed/syllo_autogen_20251122_034348_count100000.jsonl "
    "queue/failed/syllo_autogen_20251122_035104_count100000.jsonl "
    "queue/processing/syllo_autogen_20251122_035757_count100000.jsonl "
)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("practice") / "tree"
    build_practice_tree(os.fsencode(root))
    return root


def size_below(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(
        entry.lstat().st_size for entry in path.rglob("*") if entry.is_file() and not entry.is_symlink()
    )


def age_of(path: Path) -> float:
    return time.time() - path.lstat().st_mtime


def test_everything_that_the_report_names_is_there(tree: Path) -> None:
    assert [name for name in NAMED.split() if not (tree / name).exists()] == []
    assert len(list((tree / "core").iterdir())) == 10


def test_the_ten_biggest_come_out_as_in_the_report(tree: Path) -> None:
    sizes = {path.name: size_below(path) for path in tree.iterdir() if path.is_dir() and path.name != "tara"}
    assert sorted(sizes, key=sizes.__getitem__, reverse=True)[:10] == list(TOP_TEN)
    # The report's figures are those of `du -h`, which rounds up.
    for name, reported in TOP_TEN.items():
        assert reported * 0.92 <= sizes[name] <= reported * 1.02, name


def test_the_models_of_the_second_report_have_its_sizes(tree: Path) -> None:
    models = tree / "tara/models"
    assert {path.name for path in models.iterdir()} == set(TARA)
    for name, reported in TARA.items():
        assert size_below(models / name) == pytest.approx(reported * GIB, rel=0.02), name
    assert size_below(tree / "tara/backups") == pytest.approx(2.91 * GIB, rel=0.02)


def test_it_costs_almost_nothing_on_disk(tree: Path) -> None:
    used = sum(entry.lstat().st_blocks * 512 for entry in tree.rglob("*"))
    assert used < 10 * MIB


def test_the_stuck_files_are_287_mb_of_lines_that_parse(tree: Path) -> None:
    for path in (tree / "queue").glob("[fp]*/*.jsonl"):
        assert path.stat().st_size / MIB == pytest.approx(287, abs=0.5)
        with path.open("rb") as file:
            lines = file.read(60_000).split(b"\n")[:-1]
        assert len(lines) > 100
        assert all("messages" in json.loads(line) for line in lines)
        assert age_of(path) > 8 * 3600
    (completed,) = (tree / "queue/recently_completed").iterdir()
    assert completed.stat().st_size / MIB == pytest.approx(340, abs=0.5)


def test_status_files_are_many_and_of_all_ages(tree: Path) -> None:
    ages = [age_of(path) / 86400 for path in (tree / "status/logs").glob("*.json")]
    assert len(ages) > 400
    assert min(ages) < 1 and max(ages) > 21
    assert sum(age > 7 for age in ages) > 200


def test_nothing_looks_as_if_it_were_being_written(tree: Path) -> None:
    assert min(age_of(path) for path in tree.rglob("*") if path.is_file()) > 15 * 60


def test_more_than_two_hundred_directories_are_empty(tree: Path) -> None:
    empty = [path for path in tree.rglob("*") if path.is_dir() and not any(path.iterdir())]
    assert len(empty) > 200
    snapshots = tree / "data/evolution_snapshots"
    assert sum(snapshots in path.parents for path in empty) > len(empty) / 2


def test_the_configuration_names_the_base_model_and_not_the_old_one(tree: Path) -> None:
    assert json.loads((tree / "config.json").read_text())["base_model"] == "models/Qwen3-0.6B"
    for path in tree.rglob("*"):
        if path.suffix in (".json", ".yaml", ".py", ".sh") and path.is_file():
            with path.open("rb") as file:
                assert b"current_model_small" not in file.read(65536), path
    assert 2.5 < age_of(tree / "current_model_small/model.safetensors") / 86400 < 5


def test_bytecode_lies_beside_its_source(tree: Path) -> None:
    for path in tree.rglob("*.pyc"):
        assert (path.parent.parent / f"{path.name.split('.')[0]}.py").is_file(), path


def test_safetensors_headers_match_the_files(tree: Path) -> None:
    files = list(tree.rglob("*.safetensors"))
    assert len(files) > 20
    for path in files:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            table = json.loads(file.read(length))
        table.pop("__metadata__")
        end = 0
        for tensor in table.values():
            assert tensor["data_offsets"][0] == end
            end = tensor["data_offsets"][1]
        assert 8 + length + end == path.stat().st_size, path


def test_sharded_models_have_an_index_of_every_tensor(tree: Path) -> None:
    for index in tree.rglob("*.index.json"):
        places = json.loads(index.read_text())["weight_map"]
        found = set()
        for shard in set(places.values()):
            with (index.parent / shard).open("rb") as file:
                table = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
            found |= {(name, shard) for name in table if name != "__metadata__"}
        assert found == set(places.items())


def test_gguf_files_carry_their_facts(tree: Path) -> None:
    files = list((tree / "tara/models/gguf").iterdir())
    assert len(files) == 4
    for path in files:
        with path.open("rb") as file:
            head = file.read(4096)
        assert head[:4] == b"GGUF"
        assert struct.unpack("<I", head[4:8]) == (3,)
        for key in (b"general.architecture", b"general.file_type", b"general.name"):
            assert key in head


def test_torch_files_are_whole_archives(tree: Path) -> None:
    for path in tree.rglob("scheduler.pt"):
        with zipfile.ZipFile(path) as archive:
            assert archive.testzip() is None
    for path in tree.rglob("optimizer.pt"):
        with zipfile.ZipFile(path) as archive:
            assert "optimizer/data.pkl" in archive.namelist()


def test_the_checksum_of_zeros_is_that_of_zlib() -> None:
    import zlib

    for length in (0, 1, 2, 31, 64, 4097, 1_000_003):
        assert zero_checksum(length) == zlib.crc32(bytes(length))


def test_the_hub_cache_is_one_that_its_own_library_reads(tree: Path) -> None:
    hub = pytest.importorskip("huggingface_hub")
    cache = hub.scan_cache_dir(tree / "tara/.cache/huggingface/hub")
    assert cache.warnings == []
    repositories = {repository.repo_id: repository for repository in cache.repos}
    assert len(repositories) == 4
    detached = [
        revision for revision in repositories["BAAI/bge-small-en-v1.5"].revisions if not revision.refs
    ]
    assert len(detached) == 1
    assert any(path.name.endswith(".incomplete") for path in (tree / "tara/.cache").rglob("*"))


def test_runs_name_their_best_checkpoint_which_is_not_the_last(tree: Path) -> None:
    run = tree / "tara/runs/sft"
    steps = sorted(int(path.name.split("-")[1]) for path in run.glob("checkpoint-*"))
    assert steps == [500, 1000, 1500]
    state = json.loads((run / "checkpoint-1500/trainer_state.json").read_text())
    assert (tree / "tara" / state["best_model_checkpoint"]).is_dir()
    assert state["best_model_checkpoint"].endswith("checkpoint-500")


def test_adapters_name_a_base_model_that_is_there(tree: Path) -> None:
    configurations = list((tree / "tara/models/adapters").rglob("adapter_config.json"))
    assert len(configurations) == 14
    for path in configurations:
        assert (tree / "tara" / json.loads(path.read_text())["base_model_name_or_path"]).is_dir()


def test_the_root_is_marked(tree: Path) -> None:
    assert is_practice_tree(os.fsencode(tree))
    assert not is_practice_tree(os.fsencode(tree / "queue"))
    assert practice_root(os.fsencode(tree / "queue/failed")) == os.fsencode(tree)
    assert practice_root(os.fsencode(tree.parent)) is None
