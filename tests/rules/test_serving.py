"""Servers of models and what lies around them: data stays, caches may go."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from .trees import Hub, judge, names, of, offered, only, put, set_ages

ALIVE = "0ac104b6-d395-45e6-805e-20db3d1b066f"
LEFT = "4f90c219-8677-4db6-a31b-71a32d5507c9"


def chroma(where: Path, *segments: str) -> None:
    """Make a store of Chroma with two indexes, of which the database names some."""
    where.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(where / "chroma.sqlite3") as connection:
        connection.execute("CREATE TABLE segments (id TEXT, scope TEXT)")
        rows = [(one, "VECTOR") for one in segments] + [(LEFT[::-1], "METADATA")]
        connection.executemany("INSERT INTO segments VALUES (?, ?)", rows)
    connection.close()
    for segment in (ALIVE, LEFT):
        for name in ("header.bin", "data_level0.bin", "length.bin", "link_lists.bin"):
            put(where / segment / name, size=9000)
    set_ages(where)


def open_webui(data: Path) -> None:
    """Make a data directory of Open WebUI."""
    for name in ("webui.db", "webui.db-wal", "uploads/1f_paper.pdf", "cache/image/generations/a.png"):
        put(data / name, size=9000)
    for name in ("cache/audio/speech/ab12.mp3", "cache/whisper/models/base/model.bin", "cache/tiktoken/9b5a"):
        put(data / name, size=9000)
    put(data / "cache/functions/weather/state.bin", size=9000)
    for name in ("cache/audio/transcriptions", "cache/pipelines", "cache/tools", "vector_db"):
        (data / name).mkdir(parents=True, exist_ok=True)
    set_ages(data)


def test_only_what_comes_back_leaves_the_cache_of_open_webui(tmp_path: Path) -> None:
    open_webui(tmp_path / "data")
    judged = judge(tmp_path)
    going = {"data/cache/audio/speech", "data/cache/whisper", "data/cache/tiktoken"}
    assert offered(judged, tmp_path) == going
    assert "data/uploads" in names(only(judged, "open-webui-data"), tmp_path)
    assert not of(judged, "empty-directories")


def test_an_old_revision_in_open_webuis_cache_is_found_there_too(tmp_path: Path) -> None:
    open_webui(tmp_path / "data")
    hub = Hub(tmp_path / "data" / "cache" / "embedding" / "models")
    name = "models--sentence-transformers--all-MiniLM-L6-v2"
    hub.blob(name, "old", 9000)
    hub.blob(name, "new", 9000)
    hub.snapshot(name, "a" * 40, {"model.safetensors": "old"})
    hub.snapshot(name, "b" * 40, {"model.safetensors": "new"}, ref="main")
    set_ages(tmp_path)
    going = offered(judge(tmp_path), tmp_path)
    assert f"data/cache/embedding/models/{name}/snapshots/{'a' * 40}" in going
    assert f"data/cache/embedding/models/{name}/snapshots/{'b' * 40}" not in going


def test_an_index_that_chroma_does_not_name_is_shown_apart(tmp_path: Path) -> None:
    chroma(tmp_path / "vector_db", ALIVE)
    judged = judge(tmp_path)
    assert offered(judged, tmp_path) == {f"vector_db/{LEFT}"}
    assert only(judged, "chroma-orphan-index").safety.value == "review"
    kept = names(only(judged, "vector-store"), tmp_path)
    assert {f"vector_db/{ALIVE}", "vector_db/chroma.sqlite3"} <= kept


@pytest.mark.parametrize("spoil", ["wal", "empty", "garbage"])
def test_without_an_answer_of_the_database_no_index_is_left_over(tmp_path: Path, spoil: str) -> None:
    chroma(tmp_path / "vector_db", *([] if spoil == "empty" else [ALIVE]))
    if spoil == "wal":
        put(tmp_path / "vector_db" / "chroma.sqlite3-wal", "newer rows")
    if spoil == "garbage":
        put(tmp_path / "vector_db" / "chroma.sqlite3", "SQLite format 3\0 and nothing more")
    set_ages(tmp_path)
    assert not offered(judge(tmp_path), tmp_path)


def test_a_store_of_vectors_in_a_project_keeps_the_rest_of_it_out(tmp_path: Path) -> None:
    chroma(tmp_path, ALIVE, LEFT)
    put(tmp_path / "wandb-notes.bin", size=9000)
    assert names(only(judge(tmp_path), "vector-store"), tmp_path) == {"chroma.sqlite3", ALIVE, LEFT}


def comfy(top: Path) -> None:
    for name in ("folder_paths.py", "main.py", "custom_nodes/manager/node.py", "models/loras/put_loras_here"):
        put(top / name)
    put(top / "models/checkpoints/sdxl.safetensors", size=90000)
    put(top / "models/vae/ae.sft", size=9000)
    put(top / "models/configs/v1-inference.yaml", "model: x")
    for name in ("output/ComfyUI_00001_.png", "input/photo.png", "user/default/workflows/a.json"):
        put(top / name, size=9000)
    put(top / "temp/ComfyUI_temp_1.png", size=9000)
    set_ages(top)


def test_models_of_comfyui_are_shown_and_pictures_kept(tmp_path: Path) -> None:
    comfy(tmp_path / "ComfyUI")
    judged = judge(tmp_path)
    models = {"ComfyUI/models/checkpoints/sdxl.safetensors", "ComfyUI/models/vae/ae.sft"}
    assert {path for one in of(judged, "image-model") for path in names(one, tmp_path)} == models
    assert offered(judged, tmp_path) == {*models, "ComfyUI/temp"}
    assert {finding.safety.value for finding in of(judged, "image-model")} == {"review"}


def test_pictures_of_the_web_interface_are_kept_and_its_temp_is_not_known(tmp_path: Path) -> None:
    top = tmp_path / "stable-diffusion-webui"
    for name in ("webui.py", "modules/paths.py", "outputs/txt2img-images/1.png", "temp/x.png"):
        put(top / name, size=9000)
    put(top / "models/Stable-diffusion/v1-5.ckpt", size=90000)
    set_ages(tmp_path)
    assert offered(judge(tmp_path), tmp_path) == {"stable-diffusion-webui/models/Stable-diffusion/v1-5.ckpt"}


def test_lm_studio_keeps_chats_and_its_newest_runtimes(tmp_path: Path) -> None:
    home = tmp_path / ".lmstudio"
    put(home / "models/bartowski/Qwen3-4B-GGUF/Qwen3-4B-Q4_K_M.gguf", b"GGUF\x03\0\0\0", size=90000)
    put(home / "conversations/1.conversation.json", "{}")
    put(home / "config-presets/mine.preset.json", "{}")
    for version in ("1.9.2", "1.10.0"):
        put(home / f"extensions/backends/llama.cpp-linux-x86_64-avx2-{version}/libllama.so", size=9000)
    put(home / "extensions/backends/mlx-engine-0.3.1/lib.so", size=9000)
    set_ages(tmp_path)
    judged = judge(tmp_path)
    assert names(only(judged, "lm-studio-model"), tmp_path) == {".lmstudio/models/bartowski/Qwen3-4B-GGUF"}
    runtime = ".lmstudio/extensions/backends/llama.cpp-linux-x86_64-avx2-1.9.2"
    assert names(only(judged, "lm-studio-runtime"), tmp_path) == {runtime}
    assert not any("conversations" in path or "presets" in path for path in offered(judged, tmp_path))


def test_a_model_repository_of_an_inference_server_is_kept(tmp_path: Path) -> None:
    put(tmp_path / "repository/bert/config.pbtxt", 'name: "bert"')
    put(tmp_path / "repository/bert/1/model.safetensors", size=9000)
    put(tmp_path / "repository/bert/2/model.plan", size=9000)
    put(tmp_path / "repository/bert/2/old.bak", size=9000)
    set_ages(tmp_path)
    judged = judge(tmp_path)
    assert names(only(judged, "inference-repository"), tmp_path) == {"repository/bert"}
    assert not offered(judged, tmp_path)
