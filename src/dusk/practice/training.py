"""The training directory of the practice tree: code, notes, logs and the places that fill up."""

from __future__ import annotations

import datetime
import json
import struct

from dusk.practice import texts
from dusk.practice.layout import (
    DAY,
    HOUR,
    KIB,
    MIB,
    MINUTE,
    MOMENT,
    Content,
    PracticeDirectory,
    PracticeEntry,
    PracticeFile,
    age_at,
)

STUCK_FILES = (
    "queue/failed/syllo_autogen_20251122_034348_count100000.jsonl",
    "queue/failed/syllo_autogen_20251122_035104_count100000.jsonl",
    "queue/processing/syllo_autogen_20251122_035757_count100000.jsonl",
)
_STUCK_SIZE = int(286.6 * MIB)
_COMPLETED = "queue/recently_completed/syllo_autogen_20251122_021530_count118000.jsonl"
_COMPLETED_SIZE = int(339.7 * MIB)

_DOCUMENTS = {
    "README.md": ("System overview", 9),
    "QUICKSTART.md": ("Getting started", 4),
    "ARCHITECTURE.md": ("System design", 14),
    "TROUBLESHOOTING.md": ("Problem solving", 8),
    "DEVELOPMENT.md": ("Development guide", 7),
    "CHANGELOG.md": ("Change tracking", 11),
    "REMOTE_INFERENCE.md": ("3090 API reference", 6),
    "3090_SETUP.md": ("3090 setup guide", 5),
}
# Directory, then file names with what they are and their size in KiB.
_SOURCES: dict[str, dict[str, tuple[str, int]]] = {
    "core": {
        "train.py": ("HuggingFace Trainer orchestrator", 48),
        "training_daemon.py": ("File watcher", 52),
        "training_controller.py": ("Control: pause, resume, stop", 22),
        "training_queue.py": ("Queue management", 28),
        "training_status.py": ("Status JSON writer", 33),
        "custom_collator.py": ("Data collator", 14),
        "logit_penalty.py": ("Penalty processors", 19),
        "validator.py": ("Data validation", 24),
        "model_db.py": ("Model database", 21),
        "time_estimator.py": ("Time estimation", 15),
    },
    "monitoring/servers": {
        "live_monitor.py": ("Main monitor on port 8080", 88),
        "memory_stats_api.py": ("Memory stats on port 8081", 34),
        "enhanced_monitor.py": ("Enhanced monitor on port 8082", 71),
    },
    "management": {
        "backup_manager.py": ("Backup system", 17),
        "model_versioner.py": ("Version control of models", 14),
        "consolidate_model.py": ("Model consolidation", 12),
        "checkpoint_retention.py": ("Checkpoint cleanup", 11),
        "auto_disk_manager.py": ("Automatic disk cleanup", 13),
    },
    "safety": {
        "daemon_watchdog.py": ("Restarts the daemon", 12),
        "anti_stuck_monitor.py": ("Detects hangs", 11),
        "crash_detector.py": ("Crash analysis", 14),
        "comprehensive_health_check.py": ("Health check", 16),
        "config_validator.py": ("Config validation", 9),
    },
    "tools/data": {
        "generate_syllogisms.py": ("Generates training examples", 41),
        "split_jsonl.py": ("Splits a file into shards", 12),
        "deduplicate.py": ("Drops repeated examples", 16),
        "inspect_examples.py": ("Prints examples", 21),
    },
    "tools/config": {"edit_config.py": ("Edits config.json", 18), "show_config.py": ("Shows config.json", 9)},
    "tools/analysis": {
        "plot_loss.py": ("Plots the loss", 26),
        "compare_runs.py": ("Compares runs", 31),
        "token_lengths.py": ("Counts tokens", 24),
        "error_patterns.py": ("Groups wrong answers", 20),
    },
    "tests": {
        "test_collator.py": ("Tests of the collator", 7),
        "test_queue.py": ("Tests of the queue", 9),
        "test_validator.py": ("Tests of the validator", 8),
    },
    "archive/experiments": {
        "curriculum_v1.py": ("First curriculum", 14),
        "mixed_precision.py": ("Precision trials", 9),
    },
}
# Root modules from before the code moved to core/; their bytecode is the 488 KB cache of the report.
_ROOT_MODULES = {
    "train": 61, "training_daemon": 58, "training_controller": 24, "training_queue": 31,
    "training_status": 37, "custom_collator": 17, "logit_penalty": 22, "validator": 27,
    "model_db": 25, "time_estimator": 19,
    "detail_collector": 33, "evolution_tracker": 42, "edit_config": 21, "live_monitor": 44, "gpu_lock": 24,
}  # fmt: skip
_NOTES = {
    "GOTCHA_BUSINESS_MODEL/README.md": ("The business model, and what is wrong with it", 11),
    "GOTCHA_BUSINESS_MODEL/pricing.md": ("What people would pay for", 9),
    "GOTCHA_BUSINESS_MODEL/customers.txt": ("Conversations with five customers", 12),
    "GOTCHA_BUSINESS_MODEL/open_questions.md": ("Open questions", 8),
    "OBSERVATIONS/2025-11-12_loss_plateau.md": ("The loss stops moving", 5),
    "OBSERVATIONS/2025-11-17_format_drift.md": ("Answers drift in format", 6),
    "OBSERVATIONS/2025-11-21_oom.md": ("Out of memory with long files", 5),
}


def training_entries() -> list[PracticeEntry]:
    """Return everything of the training directory but its models."""
    entries: list[PracticeEntry] = []
    for parts in (_code(), _web(), _bytecode(), _queue(), _status(), _logs(), _data(), _control(), _notes()):
        entries += parts
    entries += _empty_directories()
    return entries


def _configuration() -> Content:
    return Content.json(
        {
            "base_model": "models/Qwen3-0.6B",
            "output_dir": "models/next",
            "inbox_dir": "inbox",
            "queue_dir": "queue",
            "status_dir": "status",
            "batch_size": 16,
            "gradient_accumulation_steps": 2,
            "learning_rate": 2e-05,
            "max_length": 2048,
            "save_steps": 500,
            "eval_steps": 500,
            "poll_interval": 30,
            "remote_inference": {"host": "gpu-3090.example", "port": 8765},
        }
    )


def _code() -> list[PracticeEntry]:
    entries: list[PracticeEntry] = [PracticeFile("config.json", _configuration(), 2 * DAY)]
    for order, (name, (title, size)) in enumerate(_DOCUMENTS.items()):
        entries.append(PracticeFile(name, texts.markdown(title, size * KIB), (order + 2) * DAY))
    for directory, files in _SOURCES.items():
        for order, (name, (title, size)) in enumerate(files.items()):
            age = (order * 3 + 4) * DAY
            entries.append(PracticeFile(f"{directory}/{name}", texts.python_source(title, size * KIB), age))
    scripts = {"start_all.sh": "Start all services", "check_health.sh": "Health check"}
    scripts |= {
        "bin/launch_daemon.sh": "Launcher of the daemon",
        "bin/launch_monitor.sh": "Launcher of the monitor",
    }
    for name, title in scripts.items():
        text = f"#!/bin/sh\n# {title}\necho 'This is a practice tree: nothing is started.'\n"
        entries.append(PracticeFile(f"scripts/{name}", Content.of(text), 30 * DAY, 0o755))
    old = Content.json({"base_model": "models/Qwen3-0.6B", "batch_size": 32, "learning_rate": 5e-05})
    entries.append(PracticeFile("archive/configs/config_20251030.json", old, 23 * DAY))
    entries.append(PracticeFile("archive/configs/config_20251104.json", old, 18 * DAY))
    entries.append(
        PracticeFile("scratch/tokenise_check.txt", texts.markdown("Trying the tokeniser", 3 * KIB), 5 * DAY)
    )
    return entries


def _web() -> list[PracticeEntry]:
    pages = {"index.html": 38, "live_monitor_ui.html": 94, "memory.html": 41, "queue.html": 33}
    scripts = {"charts.js": 320, "live.js": 61, "memory.js": 28, "queue.js": 35, "vendor_plot.js": 178}
    styles = {"main.css": 36, "dark.css": 21}
    entries: list[PracticeEntry] = []
    for name, size in pages.items():
        entries.append(PracticeFile(f"monitoring/ui/{name}", texts.page(name, size * KIB), 12 * DAY))
    for name, size in scripts.items():
        content = texts.stylesheet_or_script(name, size * KIB)
        entries.append(PracticeFile(f"monitoring/js/{name}", content, 14 * DAY))
    for name, size in styles.items():
        rules = "".join(f".panel-{n} {{ margin: {n % 9}px; }}\n" for n in range(size * 36))
        entries.append(PracticeFile(f"monitoring/css/{name}", Content.of(rules), 15 * DAY))
    return entries


def _bytecode() -> list[PracticeEntry]:
    entries: list[PracticeEntry] = []
    for module, size in _ROOT_MODULES.items():
        source = texts.python_source(f"{module}, from before the move to core", 2 * KIB)
        entries.append(PracticeFile(f"{module}.py", source, 16 * DAY))
        entries.append(_compiled("", module, source.size, size))
    for module, (title, size) in _SOURCES["monitoring/servers"].items():
        source = texts.python_source(title, size * KIB)
        entries.append(_compiled("monitoring/servers/", module.removesuffix(".py"), source.size, 8))
    return entries


def _compiled(directory: str, module: str, source_size: int, size: int) -> PracticeFile:
    # A .pyc begins with the magic of CPython 3.11, flags, and the source's time and size.
    written = int((MOMENT - datetime.timedelta(days=16)).timestamp())
    head = struct.pack("<4sIII", b"\xa7\r\r\n", 0, written, source_size)
    name = f"{directory}__pycache__/{module}.cpython-311.pyc"
    return PracticeFile(name, Content.headed(head, size * KIB + 211), 3 * DAY)


def _queue() -> list[PracticeEntry]:
    entries: list[PracticeEntry] = []
    for path in STUCK_FILES:
        stamp = "".join(path.split("_")[2:4])
        written = datetime.datetime.strptime(stamp, "%Y%m%d%H%M%S").replace(tzinfo=datetime.UTC)
        entries.append(PracticeFile(path, texts.examples(path, _STUCK_SIZE), age_at(written)))
    entries.append(PracticeFile(_COMPLETED, texts.examples(_COMPLETED, _COMPLETED_SIZE), 2 * HOUR))
    facts = {"failed": 2, "processing": 1, "completed": 41, "last_error": "CUDA out of memory"}
    entries.append(PracticeFile("queue/queue_metadata.json", Content.json(facts), 2 * HOUR))
    return entries


def _status() -> list[PracticeEntry]:
    """Return one status file every 74 minutes of the last 25 days, 147 MB together."""
    current = {"status": "training", "current_step": 61200, "loss": 0.3391, "current_file": STUCK_FILES[2]}
    entries: list[PracticeEntry] = [
        PracticeFile("status/training_status.json", Content.json(current), 40 * MINUTE),
        PracticeFile("status/queue_status.json", Content.json({"failed": 2, "processing": 1}), 45 * MINUTE),
    ]
    count = 486
    for number in range(count):
        age = 50 * MINUTE + number * 74 * MINUTE
        moment = MOMENT - datetime.timedelta(seconds=age)
        name = f"status/logs/training_status_{moment:%Y%m%d_%H%M%S}.json"
        size = 305 * KIB + number * 7919 % (8 * KIB)
        content = texts.status_document(name, moment, 61000 - number * 120, size)
        entries.append(PracticeFile(name, content, age))
    return entries


def _logs() -> list[PracticeEntry]:
    sizes = {
        "training_daemon.log": 392,
        "live_monitor.log": 213,
        "anti_stuck_monitor.log": 96,
        "training_1115.log": 391,
    }
    ages = {"training_daemon.log": 55 * MINUTE, "training_1115.log": 7.5 * DAY}
    start = MOMENT - datetime.timedelta(days=8)
    return [
        PracticeFile(f"logs/{name}", texts.training_log(name, size * KIB, start), ages.get(name, 3 * HOUR))
        for name, size in sizes.items()
    ]


def _data() -> list[PracticeEntry]:
    """Return the validation sets and the few snapshots that hold something, 5.6 MB together."""
    sets = {"validation/syllo_validation_1000.jsonl": 2.6, "validation/syllo_validation_hard.jsonl": 1.4}
    sets |= {"validation/primitives_200.jsonl": 0.5}
    entries: list[PracticeEntry] = [
        PracticeFile(f"data/{name}", texts.examples(name, int(size * MIB), 24 * KIB), 40 * DAY)
        for name, size in sets.items()
    ]
    for step in range(48000, 60000, 1000):
        answers = json.dumps({"step": step, "accuracy": round(0.4 + step / 150000, 3), "answers": []})
        path = f"data/evolution_snapshots/syllo_autogen/step_{step:06d}/snapshot.json"
        entries.append(PracticeFile(path, Content.headed(answers[:-3], 92 * KIB), (62000 - step) * 40.0))
    return entries


def _control() -> list[PracticeEntry]:
    state = {"state": "running", "pid": None, "since": "2025-11-21T20:14:09+00:00"}
    return [
        PracticeFile("control/state.json", Content.json(state), 16 * HOUR),
        PracticeFile("control/.pause.disabled", Content.of(""), 6 * DAY),
    ]


def _notes() -> list[PracticeEntry]:
    return [
        PracticeFile(path, texts.markdown(title, size * KIB), (9 + order * 2) * DAY)
        for order, (path, (title, size)) in enumerate(_NOTES.items())
    ]


def _empty_directories() -> list[PracticeEntry]:
    """Return the 200 and more directories that the report found empty, and the inbox."""
    paths = [f"data/evolution_snapshots/regime_{n:02d}/step_{step:06d}" for n in range(1, 12) for step in
             range(1000, 17000, 1000)]  # fmt: skip
    paths += [f"queue/{name}" for name in ("high", "normal", "low", "paused", "skipped", "corrupted")]
    paths += [
        f"data/{name}" for name in ("raw", "processed", "curated", "rejected", "flagged_examples", "exports")
    ]
    paths += [f"archive/{year}_{month:02d}/backup" for year in (2025,) for month in range(1, 11)]
    paths += [f"archive/experiments/trial_{n:02d}" for n in range(1, 9)]
    return [PracticeDirectory("inbox", 2 * HOUR), *(PracticeDirectory(path, 21 * DAY) for path in paths)]
