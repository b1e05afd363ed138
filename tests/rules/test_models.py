"""Whole models: what names one keeps it, and nothing about one is ever called safe."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from dusk.rules.finding import Action
from dusk.rules.safety import Safety

from .trees import DAY, MODEL, index_of, judge, model, names, of, offered, only, put, set_ages


def adapter(where: Path, base: str) -> Path:
    put(
        where / "adapter_config.json",
        json.dumps({"base_model_name_or_path": base, "peft_type": "LORA", "r": 8}),
    )
    put(where / "adapter_model.safetensors", size=500)
    return where


def test_a_model_without_proof_of_origin_is_for_a_person_to_decide(tmp_path: Path) -> None:
    model(tmp_path / "models" / "merged")
    finding = only(judge(tmp_path), "model-directory")
    assert finding.safety is Safety.REVIEW
    assert [offer.action for offer in finding.offers] == [Action.ARCHIVE, Action.TRASH]
    assert finding.offers[0].frees_now == 0


@pytest.mark.parametrize(
    "name", ["current_model_small", "old_model", "qwen_backup", "llama-prev", "model_old_2"]
)
def test_a_superseded_name_and_no_reference_make_an_old_checkpoint(tmp_path: Path, name: str) -> None:
    put(tmp_path / "config.json", '{"base_model": "models/base"}')
    model(tmp_path / "models" / "base")
    model(tmp_path / name, age=3 * DAY)
    judged = judge(tmp_path)
    finding = only(judged, "model-old-checkpoint")
    assert names(finding, tmp_path) == {name}
    assert finding.default_offer is not None and finding.default_offer.action is Action.ARCHIVE
    kept = only(judged, "model-directory")
    assert kept.is_keep and names(kept, tmp_path) == {"models/base"}
    assert kept.evidence[0] == "Kept: config.json names it on line 1."


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("train.py", 'MODEL = os.path.join(MODELS, "acme-final-7b")\n'),
        ("conf/train.yaml", "model_name_or_path: ./models/acme-final-7b\n"),
        ("go.sh", "python train.py --model $PWD/models/acme-final-7b/\n"),
        ("settings.json", '{"path": "/data/models/acme-final-7b"}'),
        ("model.service", "ExecStart=/usr/bin/serve models/acme-final-7b\n"),
    ],
)
def test_what_a_config_or_script_names_stays(tmp_path: Path, file: str, text: str) -> None:
    model(tmp_path / "models" / "acme-final-7b")
    put(tmp_path / file, text)
    judged = judge(tmp_path)
    assert not offered(judged, tmp_path)
    assert only(judged, "model-directory").is_keep
    assert os.fsencode(tmp_path / "models" / "acme-final-7b") in judged.keeps_below(
        index_of(judged, tmp_path / "models")
    )


@pytest.mark.parametrize("text", ["models/acme-final-7b-v2", "my-acme-final-7b", "models/acme-final-7b.bak"])
def test_a_name_that_only_begins_the_same_is_no_reference(tmp_path: Path, text: str) -> None:
    model(tmp_path / "models" / "acme-final-7b")
    put(tmp_path / "go.sh", f"python train.py {text}\n")
    assert offered(judge(tmp_path), tmp_path) == {"models/acme-final-7b"}


def test_a_plain_name_needs_its_directory_to_be_a_reference(tmp_path: Path) -> None:
    model(tmp_path / "models" / "base")
    model(tmp_path / "models" / "large")
    put(tmp_path / "go.sh", "# base is fine, large is not\npython train.py models/base\n")
    assert offered(judge(tmp_path), tmp_path) == {"models/large"}


def test_the_base_that_an_adapter_names_by_a_relative_path_stays(tmp_path: Path) -> None:
    model(tmp_path / "models" / "acme_tiny-llama")
    model(tmp_path / "models" / "acme_tiny-llama-bf16")
    adapter(tmp_path / "models" / "adapters" / "healthcare", "models/acme_tiny-llama")
    judged = judge(tmp_path)
    assert offered(judged, tmp_path) == {"models/acme_tiny-llama-bf16"}
    kept = next(one for one in of(judged, "model-download-copy") if one.is_keep)
    assert "adapter" in kept.evidence[0] and "useless" in kept.evidence[0]
    assert names(only(judged, "adapter"), tmp_path) == {"models/adapters/healthcare"}


@pytest.mark.parametrize(
    ("name", "is_download"),
    [
        ("acme_tiny-llama", True),
        ("meta-llama_Llama-2-7b-hf", True),
        ("HuggingFaceH4_zephyr-7b-sft-full", True),
        ("modelscope_damo", True),
        ("sft_merged", False),
        ("lora_model", False),
        ("qwen_finetuned2", False),
        ("base_qwen", False),
        ("gpt2_src", False),
    ],
)
def test_only_a_name_that_an_organisation_may_have_is_called_a_download(
    tmp_path: Path, name: str, is_download: bool
) -> None:
    model(tmp_path / "models" / name)
    judged = judge(tmp_path)
    assert bool(of(judged, "model-download-copy")) == is_download
    assert bool(of(judged, "model-directory")) == (not is_download)


def test_a_models_own_files_do_not_keep_it_and_a_persons_note_does(tmp_path: Path) -> None:
    model(tmp_path / "models" / "merged")
    put(
        tmp_path / "models" / "merged" / "config.json", json.dumps(MODEL | {"_name_or_path": "models/merged"})
    )
    assert offered(judge(tmp_path), tmp_path) == {"models/merged"}
    put(tmp_path / "models" / "merged" / "which data this was.txt", "Ask Bo")
    judged = judge(tmp_path)
    assert not offered(judged, tmp_path)
    finding = only(judged, "model-directory")
    assert finding.is_keep and "which data this was.txt" in finding.evidence[0]


def test_a_model_directory_with_an_adapter_in_it_stays(tmp_path: Path) -> None:
    model(tmp_path / "models" / "merged")
    adapter(tmp_path / "models" / "merged", "acme/base")
    assert not offered(judge(tmp_path), tmp_path)


def test_a_secret_inside_a_model_directory_keeps_it(tmp_path: Path) -> None:
    model(tmp_path / "models" / "merged")
    put(tmp_path / "models" / "merged" / ".env", "TOKEN=x")
    assert not offered(judge(tmp_path), tmp_path)


def test_a_model_that_was_just_written_is_not_offered(tmp_path: Path) -> None:
    model(tmp_path / "models" / "merged", age=60)
    judged = judge(tmp_path)
    assert not offered(judged, tmp_path)
    assert any("may still write it" in sentence for sentence in only(judged, "model-directory").evidence)


def test_parts_of_a_pipeline_and_programs_configurations_are_no_models(tmp_path: Path) -> None:
    put(tmp_path / "pipe" / "model_index.json", '{"_class_name": "StableDiffusionPipeline"}')
    model(tmp_path / "pipe" / "unet")
    put(tmp_path / "app" / "config.json", '{"port": 80}')
    put(tmp_path / "app" / "model.safetensors", size=100)
    put(tmp_path / "broken" / "config.json", "{")
    put(tmp_path / "broken" / "model.safetensors", size=100)
    judged = judge(tmp_path)
    assert offered(judged, tmp_path) == {"pipe"}
    assert not of(judged, "model-directory")


def test_a_file_that_was_cut_off_is_said(tmp_path: Path) -> None:
    where = model(tmp_path / "models" / "merged")
    header = b'{"w":{"dtype":"BF16","shape":[100,100],"data_offsets":[0,20000]}}'
    put(where / "model.safetensors", len(header).to_bytes(8, "little") + header, size=9000)
    finding = only(judge(tmp_path), "model-directory")
    assert any("cut off" in sentence for sentence in finding.evidence)
    assert any("10.0 k parameters, BF16" in sentence for sentence in finding.evidence)


def local_directory(where: Path, note: float = 9e9) -> Path:
    model(where)
    for name in ("config.json", "model.safetensors", "tokenizer.json", "README.md"):
        put(where / ".cache" / "huggingface" / "download" / f"{name}.metadata", f"{'a' * 40}\netag\n{note}\n")
    set_ages(where)
    return where


def test_a_download_with_notes_for_every_file_comes_back(tmp_path: Path) -> None:
    local_directory(tmp_path / "models" / "tiny")
    judged = judge(tmp_path)
    finding = only(judged, "hf-local-directory")
    assert finding.safety is Safety.COSTLY
    assert names(finding, tmp_path) == {"models/tiny"}
    assert not of(judged, "model-directory")


def test_a_download_that_was_changed_or_added_to_does_not(tmp_path: Path) -> None:
    local_directory(tmp_path / "changed", note=1.0)
    put(local_directory(tmp_path / "added") / "my-results.bin", "mine")
    judged = judge(tmp_path)
    assert not offered(judged, tmp_path)
    assert {finding.safety for finding in of(judged, "hf-local-directory")} <= {Safety.REVIEW, Safety.KEEP}


def test_a_script_above_what_is_scanned_keeps_a_model(tmp_path: Path) -> None:
    model(tmp_path / "proj" / "models" / "acme-final-7b")
    model(tmp_path / "proj" / "models" / "acme-other-7b")
    put(tmp_path / "proj" / "scripts" / "train.sh", "python train.py models/acme-final-7b\n")
    put(tmp_path / "proj" / "pyproject.toml", "")
    judged = judge(tmp_path / "proj" / "models")
    assert offered(judged, tmp_path / "proj" / "models") == {"acme-other-7b"}


@pytest.mark.parametrize(
    ("text", "stays"),
    [
        ("path: ./model\n", True), ('{"path": "model"}', True), ("cp model/config.json .\n", True),
        ('{"model": 3}', False), ("the model is good\n", False), ("cp other/model/x .\n", False),
    ],
)  # fmt: skip
def test_a_plain_name_at_the_top_is_named_as_a_path_or_a_value(
    tmp_path: Path, text: str, stays: bool
) -> None:
    model(tmp_path / "model")
    put(tmp_path / "settings.json", text)
    assert bool(offered(judge(tmp_path), tmp_path)) is not stays


def test_what_was_scanned_itself_is_never_offered(tmp_path: Path) -> None:
    model(tmp_path / "merged")
    assert not offered(judge(tmp_path / "merged"), tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_model_with_a_part_that_cannot_be_read_stays(tmp_path: Path) -> None:
    model(tmp_path / "merged")
    locked = put(tmp_path / "merged" / "locked" / "x").parent
    locked.chmod(0)
    try:
        assert not offered(judge(tmp_path), tmp_path)
    finally:
        locked.chmod(0o755)
