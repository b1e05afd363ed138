"""The disk of a GPU box that nobody tidied: what tools left, what people made, and names that mislead."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import random
import struct
import time
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from .trees import DAY, MODEL, Hub, checkpoint, link, model, put, set_age

NOW = 60.0
_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n"
_COMMIT, _OLD_COMMIT = "b" * 40, "a" * 40
_LINE = "2025-11-20 03:51:04 INFO step 100 loss 0.25\n"
_NUMBERS = random.Random(4)


@dataclass
class MessyHome:
    """Where everything is, and whose it is."""

    top: Path
    own: list[Path] = field(default_factory=list)
    """What people made: no finding that covers one may say safe or costly."""
    kept: list[Path] = field(default_factory=list)
    """What nothing at all may be offered for, alone or with what is around it."""
    junk: dict[Path, str] = field(default_factory=dict)
    """What must be found, with its level."""
    held: Path = Path()
    """A broken download, unless a process still holds it."""

    def mine(
        self, where: str | bytes, content: str | bytes = "mine\n", *, size: int = 0, age: float = 90.0
    ) -> Path:
        """Make a file that somebody made by hand."""
        path = put(self.at(where), content, size=size, age=age * DAY)
        self.own.append(path)
        return path

    def keep(
        self, where: str | bytes, content: str | bytes = "secret\n", *, size: int = 0, age: float = 90.0
    ) -> Path:
        """Make a file that stays whatever happens."""
        path = put(self.at(where), content, size=size, age=age * DAY)
        self.kept.append(path)
        return path

    def left(self, level: str, where: str, *paths: str) -> None:
        """Make what a tool left at a place, of which dusk must say a level."""
        self.tool(where, *paths)
        self.junk[self.at(where)] = level

    def tool(self, where: str, *paths: str) -> None:
        """Make what a tool left, around which something else lies."""
        for path in paths:
            put(self.at(f"{where}/{path}"), _content(path), size=9000, age=90 * DAY)

    def at(self, where: str | bytes) -> Path:
        return self.top / (os.fsdecode(where) if isinstance(where, bytes) else where)


def _content(path: str) -> str | bytes:
    name = path.rsplit("/", 1)[-1]
    if name == "CACHEDIR.TAG":
        return _TAG
    if name.endswith(".json"):
        return "{}"
    if name.endswith(".pyc"):
        return b"\xa7\r\r\n" + bytes(12) + b"\xe3"
    return "x\n"


def safetensors(count: int) -> bytes:
    """Return a whole file of weights."""
    header = json.dumps({"w": {"dtype": "F32", "shape": [count], "data_offsets": [0, count * 4]}}).encode()
    return struct.pack("<Q", len(header)) + header + _NUMBERS.randbytes(count * 4)


def torch_zip(content: object = None) -> bytes:
    """Return what torch.save writes, without any tensor worth the name."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(content or {"weight": 1, "state_dict": 2}, 2))
        archive.writestr("archive/data/0", _NUMBERS.randbytes(4000))
        archive.writestr("archive/version", "3\n")
    return stream.getvalue()


def build_messy_home(top: Path) -> MessyHome:
    """Fill a directory; about four hundred entries."""
    box = MessyHome(top)
    for part in (_home, _relocated, _training, _alive, _projects, _misleading, _odd_names, _inside_caches):
        part(box)
    _links(box)
    return box


def _home(box: MessyHome) -> None:
    for name in (
        ".ssh/id_ed25519", ".ssh/config.bak", ".aws/cli/cache/session.json", ".netrc", ".bash_history",
        ".gnupg/pubring.kbx~", ".config/app/cache/old.log.1", ".kaggle/kaggle.json", ".docker/config.json",
    ):  # fmt: skip
        box.keep(f"home/ann/{name}")
    cache = "home/ann/.cache"
    box.keep(f"{cache}/huggingface/token", "hf_abc")
    box.keep(f"{cache}/huggingface/stored_tokens", "[ann]\nhf_token = hf_abc\n")
    hub = Hub(box.at(f"{cache}/huggingface/hub"))
    data = safetensors(3000)
    digest = hashlib.sha256(data).hexdigest()
    put(hub.path / "models--org--tiny/blobs" / digest, data)
    hub.blob("models--org--tiny", "c" * 40, 300)
    put(hub.path / "models--org--tiny/blobs" / ("c" * 40), json.dumps(MODEL))
    hub.snapshot("models--org--tiny", _COMMIT, {"model.safetensors": digest, "config.json": "c" * 40}, "main")
    hub.blob("models--org--tiny", "d" * 40, 5000)
    hub.snapshot("models--org--tiny", _OLD_COMMIT, {"model.safetensors": "d" * 40})
    put(hub.path / f"models--org--tiny/blobs/{'e' * 64}.8ab7c8a6.incomplete", size=6000)
    box.junk[hub.path / "models--org--tiny"] = "costly"
    box.junk[hub.path / f"models--org--tiny/blobs/{'e' * 64}.8ab7c8a6.incomplete"] = "safe"
    # The same bytes in a directory of one's own: a hard link, as a thrifty person makes it.
    local = box.at("home/ann/models/tiny")
    put(local / "config.json", json.dumps(MODEL))
    os.link(hub.path / "models--org--tiny/blobs" / digest, local / "model.safetensors")
    box.own.append(local / "config.json")
    put(box.at(f"{cache}/pip/http-v2/a/b/c/d/e/{'f' * 56}"), size=9000)
    box.junk[box.at(f"{cache}/pip")] = "costly"
    downloaded = put(box.at(f"{cache}/torch/hub/checkpoints/resnet50-0676ba61.pth"), torch_zip())
    box.junk[downloaded] = "costly"
    box.mine(f"{cache}/torch/hub/checkpoints/my_best_run.pth", torch_zip())
    box.mine(f"{cache}/my-thesis/thesis.tex", "\\documentclass{book}\n")
    box.mine("home/ann/.local/share/wandb/artifacts/staging/tmpabc", size=5000)
    trash = "home/ann/.local/share/Trash"
    put(box.at(f"{trash}/files/film.mkv"), size=7000)
    put(
        box.at(f"{trash}/info/film.mkv.trashinfo"),
        "[Trash Info]\nPath=/x/film.mkv\nDeletionDate=2026-11-20T10:00:00\n",
    )
    box.mine("home/ann/Downloads/chapter.part", "What I wrote\n" * 30)
    box.mine("home/ann/Downloads/backup.sh", "#!/bin/sh\nrsync -a /home /mnt\n")


def _relocated(box: MessyHome) -> None:
    """Caches where no variable points any more."""
    hub = Hub(box.at("data/hf/hub"))
    hub.blob("models--org--moved", "1" * 64, 20000)
    hub.snapshot("models--org--moved", _COMMIT, {"model.safetensors": "1" * 64}, "main")
    box.junk[hub.path / "models--org--moved"] = "costly"
    box.keep("data/hf/token", "hf_abc")
    store = "data/ollama/models"
    weights, config, orphan = "2" * 64, "3" * 64, "4" * 64
    put(box.at(f"{store}/blobs/sha256-{weights}"), size=9000)
    put(box.at(f"{store}/blobs/sha256-{config}"), "{}")
    put(box.at(f"{store}/blobs/sha256-{orphan}"), size=8000)
    layer = {"digest": f"sha256:{weights}", "size": 9000, "mediaType": "application/vnd.ollama.image.model"}
    for tag in ("library/llama3/8b", "library/llama3/mine"):
        manifest = {"schemaVersion": 2, "config": {"digest": f"sha256:{config}"}, "layers": [layer]}
        put(box.at(f"{store}/manifests/registry.ollama.ai/{tag}"), json.dumps(manifest))
    box.kept.append(box.at(f"{store}/blobs/sha256-{weights}"))
    box.junk[box.at(f"{store}/blobs/sha256-{orphan}")] = "safe|costly"
    box.keep("data/ollama/id_ed25519", "-----BEGIN OPENSSH PRIVATE KEY-----\n")
    box.held = put(box.at("data/downloads/llama.safetensors.part"), size=40000)
    box.junk[put(box.at("data/downloads/other.iso.part"), size=40000)] = "safe|costly"


def _training(box: MessyHome) -> None:
    """The directory that the cleanup report is about."""
    top = "work/training"
    model(box.at(f"{top}/models/Qwen3-0.6B"), age=20 * DAY)
    model(box.at(f"{top}/current_model_small"), age=60 * DAY)
    box.keep(f"{top}/config.json", json.dumps({"model_path": "models/Qwen3-0.6B"}), age=1)
    box.kept.append(box.at(f"{top}/models/Qwen3-0.6B"))
    box.junk[box.at(f"{top}/current_model_small")] = "review"
    box.mine(f"{top}/core/train.py", "import torch\n")
    box.mine(f"{top}/GOTCHA_BUSINESS_MODEL/idea.md")
    box.mine(f"{top}/OBSERVATIONS/2025.txt")
    for name in ("failed/a_autogen_count1000.jsonl", "processing/b_autogen_count1000.jsonl"):
        box.junk[box.mine(f"{top}/queue/{name}", '{"text": "x"}\n' * 900)] = "review"
    for name in ("high", "normal", "recently_completed"):
        box.at(f"{top}/queue/{name}").mkdir(parents=True)
        box.kept.append(box.at(f"{top}/queue/{name}"))
    for number in range(120):
        put(
            box.at(f"{top}/status/training_status_{1763000000 + number * 3600}.json"),
            '{"step": 1, "loss": 2}',
            age=(60 - number * 0.4) * DAY,
        )
    box.own.append(box.at(f"{top}/status/training_status_1763000000.json"))
    box.mine(f"{top}/logs/train.log", _LINE * 30000)
    run = box.at("work/runs/sft")
    for step in (100, 200, 300, 400, 1000):
        checkpoint(run, step, best="work/runs/sft/checkpoint-200")
        box.own.append(run / f"checkpoint-{step}/model.safetensors")
    box.kept += [run / "checkpoint-1000", run / "checkpoint-200/model.safetensors"]
    box.junk[run / "checkpoint-300"] = "review"
    box.kept.append(box.mine("work/runs/sft/checkpoint-100/why_this_one_was_good.md", "# Note\n"))
    adapter = box.at("work/adapters/medical")
    put(
        adapter / "adapter_config.json",
        json.dumps({"peft_type": "LORA", "base_model_name_or_path": "work/bases/gamma"}),
    )
    put(adapter / "adapter_model.safetensors", safetensors(300))
    model(box.at("work/bases/gamma"))
    box.kept += [adapter, box.at("work/bases/gamma")]


def _alive(box: MessyHome) -> None:
    """A training that runs right now."""
    run = box.at("work/alive/out")
    for step, age in ((10, 0.1 * DAY), (20, 0.05 * DAY), (30, NOW)):
        checkpoint(run, step, age=age)
    put(
        box.at("work/alive/wandb/run-20261121_120000-abcd1234/run-abcd1234.wandb"),
        b":W&B",
        size=5000,
        age=NOW,
    )
    put(box.at("work/alive/wandb/run-20261121_120000-abcd1234/logs/debug-internal.log"), "sending\n", age=NOW)
    put(
        box.at("work/alive/wandb/offline-run-20261101_120000-abcd1235/run-abcd1235.wandb"), b":W&B", size=5000
    )
    put(box.at("work/alive/events.out.tfevents.1763000000.box.7.0"), size=4000, age=NOW)
    put(box.at("work/alive/train.log"), _LINE * 30000, age=NOW)
    box.own.append(box.at("work/alive"))
    box.kept += [run / "checkpoint-30", box.at("work/alive/wandb")]


def _projects(box: MessyHome) -> None:
    project = "work/project"
    put(box.at(f"{project}/.git/HEAD"), "ref: refs/heads/main\n")
    put(box.at(f"{project}/.git/config"), "[core]\n\tbare = false\n")
    put(box.at(f"{project}/.git/objects/pack/pack-{'5' * 40}.pack"), b"PACK", size=9000)
    box.at(f"{project}/.git/refs/heads").mkdir(parents=True)
    box.kept.append(box.at(f"{project}/.git"))
    box.mine(f"{project}/pyproject.toml", "[project]\nname = 'p'\n")
    box.mine(f"{project}/src/p/__init__.py", "value = 1\n")
    model(box.at(f"{project}/weights/final"))
    box.own.append(box.at(f"{project}/weights/final/model.safetensors"))
    box.left("safe", f"{project}/src/p/__pycache__", "__init__.cpython-311.pyc")
    box.left("safe", f"{project}/.mypy_cache", "CACHEDIR.TAG", "3.11/p.data.json", ".gitignore")
    _environment(box, f"{project}/.venv", editable=box.at(f"{project}/src"))
    box.junk[box.at(f"{project}/.venv")] = "review|costly"
    # The one place where the sources of a fork are is inside an environment.
    _environment(box, "work/fork/env")
    put(box.at("work/fork/env/src/fork/.git/HEAD"), "ref: refs/heads/patch\n")
    box.at("work/fork/env/src/fork/.git/refs").mkdir()
    box.at("work/fork/env/src/fork/.git/objects").mkdir()
    box.mine("work/fork/env/src/fork/fork.py", "patched = True\n")
    _environment(box, "work/thesis/venv")
    box.mine("work/thesis/venv/thesis.tex", "\\documentclass{book}\n")
    put(box.at("work/web/package.json"), "{}")
    put(box.at("work/web/package-lock.json"), "{}")
    box.left(
        "costly", "work/web/node_modules", ".package-lock.json", "left-pad/package.json", "left-pad/index.js"
    )
    put(box.at("work/rust/Cargo.toml"), "[package]\nname = 'r'\n")
    box.left("safe|costly", "work/rust/target", "CACHEDIR.TAG", ".rustc_info.json", "debug/r", "release/r")


def _environment(box: MessyHome, where: str, editable: Path | None = None) -> None:
    put(box.at(f"{where}/pyvenv.cfg"), "home = /usr/bin\nversion = 3.11.2\n")
    link(box.at(f"{where}/bin/python"), "/usr/bin/python3")
    packages = f"{where}/lib/python3.11/site-packages"
    put(box.at(f"{packages}/six.py"), size=9000)
    put(box.at(f"{packages}/six-1.17.dist-info/RECORD"), "six.py,,\n")
    put(box.at(f"{packages}/six-1.17.dist-info/METADATA"), "Name: six\n")
    if editable:
        put(box.at(f"{packages}/__editable__.p-1.pth"), f"{editable}\n")


def _misleading(box: MessyHome) -> None:
    """Names that mean junk to a careless tool."""
    for where in (
        "games/quest/checkpoints/level1.sav", "games/quest/cache/avatar.png", "games/quest/temp/save.dat",
        "old_backup_KEEP/wedding.jpg", "tmp/thesis.tex", "scratch/tmp/results.csv",
        "notes/checkpoint-7/notes.md",
        "house/build/plan.dwg", "life/target/goals.md", "photos/dist/sea.jpg", "lab/env/measurements.csv",
        "novel/queue/chapter1.md", "novel/drafts/.cache/cut_scene.md", "mine/models--ann--thing/weights.bin",
        "mine/blobs/sha256-of-nothing.txt", "paper/lightning_logs/survey.md", "paper/wandb/comparison.md",
        "paper/runs/marathon.csv", "paper/mlruns/story.md", "paper/outputs/report.pdf",
        "music/Trash/metal.mp3",
        "science/core", "science/core.5", "science/dump/table.txt", "science/node_modules/atoms.xyz",
        "science/__pycache__/why.txt", "science/.pytest_cache/my_notes.md", "science/venv/readme.md",
        "science/site-packages/list.txt", "science/_cacache/gold.csv", "science/orphan.pyc",
        "science/model.tmp", "science/trash/keep.txt", "science/.ipynb_checkpoints/only-checkpoint.ipynb",
        "science/torchinductor_ann/paper.md", "science/gradio/demo.py", "science/huggingface/essay.md",
        "science/store/v3/files.txt", "science/pkgs/list.txt", "science/logs.1/old.txt",
        "science/ccache/stones.csv", "torchinductor_study/en/data.csv", "torchinductor_talk/triton/kernel.py",
        "work/shm/plasma_simulation.h5", "work/shm/psm_results.bin", "notes/.fields.tensor.swp",
        "lab/temp/uv-spectra/absorption.csv", "lab/tmp/rustcthesis/data.csv", "science/spectra.nbi",
        "results/jit_speed.csv", "science/fxgraph/graph.csv", "lab/downloads/a.csv",
    ):  # fmt: skip
        box.mine(where)
    for shard in range(3):
        box.mine(f"data/logs/shard-{shard:05d}.jsonl", '{"text": "x"}\n' * 3000)
    for epoch in range(3):
        box.mine(f"data/cache/epoch_{epoch}.pt", size=3000)
    box.mine("data/corpus/train.bin", size=9000)
    # What rustup's home looks like, in somebody's tool shed.
    box.at("lab/toolchains").mkdir()
    box.mine("lab/settings.toml", "a = 1\n")
    box.mine("data/saved/data-00000-of-00001.arrow", b"\xff\xff\xff\xff", size=9000)
    box.mine(
        "data/saved/state.json", json.dumps({"_data_files": [{"filename": "data-00000-of-00001.arrow"}]})
    )
    box.mine("data/saved/dataset_info.json", "{}")
    put(box.at("old_backup_KEEP/wedding.jpg.bak"), "mine\n")
    box.own.append(box.at("old_backup_KEEP/wedding.jpg.bak"))


def _odd_names(box: MessyHome) -> None:
    for name in (
        b"\xff\xfe\x80.pt", b"line\nbreak.log", b"-rf", b"--help", b"$(reboot).md", b"a\\b'c\"d", b"\x1b[2J",
        b"n" * 255, b" ", b"*", "f\u00fcll.tmp".encode(),
    ):  # fmt: skip
        box.mine(b"odd/" + name)
    run = box.at(b"odd/run \xe9\n1")
    for step in (1, 2, 3):
        checkpoint(run, step)
    box.junk[run / "checkpoint-1"] = "review"
    box.kept.append(run / "checkpoint-3")
    put(box.at(b"odd/-p \xff/app.py"))
    put(box.at(b"odd/-p \xff/__pycache__/app.cpython-311.pyc"), _content("a.pyc"))
    box.junk[box.at(b"odd/-p \xff/__pycache__")] = "safe"
    os.mkfifo(box.at("odd/config.json"))


def _inside_caches(box: MessyHome) -> None:
    """Work that somebody left inside what comes back by itself: the worst places for it."""
    put(box.at("rescue/r/Cargo.toml"), "[package]\nname = 'r'\n")
    for name in ("CACHEDIR.TAG", ".rustc_info.json", "debug/r"):
        put(box.at(f"rescue/r/target/{name}"), _content(name))
    box.mine("rescue/r/target/results.md", "# What I measured\n")
    put(box.at("rescue/c/app.py"))
    for cache in (".mypy_cache", ".pytest_cache", ".ruff_cache"):
        box.tool(f"rescue/c/{cache}", "CACHEDIR.TAG", ".gitignore", "v/x.json")
        box.mine(f"rescue/c/{cache}/thesis.tex", "\\documentclass{book}\n")
    put(box.at("rescue/c/__pycache__/app.cpython-311.pyc"), _content("a.pyc"))
    box.mine("rescue/c/__pycache__/results.csv", "1,2\n")
    box.tool("rescue/home/.cache/vllm/torch_compile_cache", "abcdef0123/rank_0_0/cache.json")
    box.mine(
        "rescue/home/.cache/vllm/torch_compile_cache/abcdef0123/analysis.ipynb",
        '{"cells": [], "nbformat": 4}',
    )
    box.tool("rescue/home/.cache/whisper", "base.pt")
    box.mine("rescue/home/.cache/whisper/interview_transcript.md")
    box.tool("rescue/home/.triton/cache", "ABCDEF/__grp__k.json", "ABCDEF/k.cubin", "ABCDEF/k.ttir")
    box.mine("rescue/home/.triton/override/ABCDEF/k.ttgir", "edited\n")
    box.mine("rescue/home/.triton/cache/notes.org", "* Note\n")
    hub = Hub(box.at("rescue/home/.cache/huggingface/hub"))
    hub.blob("models--org--with-notes", "6" * 64, 9000)
    hub.snapshot("models--org--with-notes", _COMMIT, {"model.safetensors": "6" * 64}, "main")
    box.mine(
        f"rescue/home/.cache/huggingface/hub/models--org--with-notes/snapshots/{_COMMIT}/my_eval.csv", "1\n"
    )
    put(box.at("rescue/w/package.json"), "{}")
    put(box.at("rescue/w/package-lock.json"), "{}")
    box.tool("rescue/w/node_modules", ".package-lock.json", "x/package.json", "x/index.js")
    put(box.at("rescue/w/node_modules/mine/.git/HEAD"), "ref: refs/heads/fork\n")
    box.at("rescue/w/node_modules/mine/.git/refs").mkdir()
    box.at("rescue/w/node_modules/mine/.git/objects").mkdir()
    box.mine("rescue/w/node_modules/mine/fork.js", "patched\n")


def _links(box: MessyHome) -> None:
    link(box.at("home/ann/latest"), "../../work/runs/sft/checkpoint-1000")
    link(box.at("home/ann/hub-link"), f".cache/huggingface/hub/models--org--tiny/snapshots/{_COMMIT}")
    link(box.at("work/loop"), "../work")
    link(box.at("work/project/data"), "../../data/saved")
    link(box.at("work/gone"), "nowhere")
    # A person points at one old checkpoint on purpose.
    link(box.at("serve/current-model"), "../work/runs/sft/checkpoint-400")
    box.kept.append(box.at("work/runs/sft/checkpoint-400"))
    box.at("work/read-only").mkdir()
    box.mine("work/read-only/important.csv", "1\n")
    box.at("work/read-only").chmod(0o555)
    set_age(box.at("work/read-only"), time.time() - box.at("work/read-only/important.csv").stat().st_mtime)
