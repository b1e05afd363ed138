"""Models across formats and places: kin is said to be kin, and only checksums make duplicates."""

from __future__ import annotations

import contextlib
import json
import os
import struct
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dusk.rules.examples import judge_directory
from dusk.rules.explain import explain
from dusk.rules.finding import Action
from dusk.rules.headers.gguf import read_gguf
from dusk.rules.headers.torch_zip import read_torch_zip
from dusk.rules.safety import Safety
from dusk.settings import Retention, Settings

from .trees import Hub, book, judge, link, names, of, offered, only, put, set_ages

LLAMA = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "num_hidden_layers": 2,
    "hidden_size": 8,
}
WIDTHS = {"F32": 4, "F16": 2, "BF16": 2}


def safetensors(precision: str = "F32", count: int = 1000, name: str = "w") -> bytes:
    size = count * WIDTHS[precision]
    head = json.dumps({name: {"dtype": precision, "shape": [count], "data_offsets": [0, size]}}).encode()
    return struct.pack("<Q", len(head)) + head + bytes(size)


def whole(where: Path, precision: str = "F32", count: int = 1000) -> Path:
    put(where / "config.json", json.dumps(LLAMA))
    put(where / "model.safetensors", safetensors(precision, count))
    return where


def gguf(
    quantisation: int, count: int = 1000, name: str = "Tiny", kind: str = "", architecture: str = "llama"
) -> bytes:
    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    pairs = [("general.architecture", 8, text(architecture)), ("general.name", 8, text(name))]
    if kind:
        pairs.append(("general.type", 8, text(kind)))
    pairs.append(("general.file_type", 4, struct.pack("<I", quantisation)))
    pairs.append((f"{architecture}.block_count", 4, struct.pack("<I", 2)))
    pairs.append((f"{architecture}.embedding_length", 4, struct.pack("<I", 8)))
    body = b"".join(text(key) + struct.pack("<I", of_type) + value for key, of_type, value in pairs)
    tensor, width = {0: (0, 4), 1: (1, 2)}.get(quantisation, (24, 1))
    info = text("w") + struct.pack("<IQIQ", 1, count, tensor, 0)
    head = b"GGUF" + struct.pack("<IQQ", 3, 1, len(pairs)) + body + info
    return head.ljust(-(-len(head) // 32) * 32, b"\0") + bytes(count * width)


def test_a_gguf_head_counts_its_parameters_and_its_bytes() -> None:
    data = gguf(1)
    header = read_gguf(data)
    assert header is not None
    assert (header.parameters, header.expected_size) == (1000, len(data))
    assert (header.layers, header.width, header.kind) == (2, 8, "model")


def test_of_several_quantisations_the_best_stays(tmp_path: Path) -> None:
    for label, quantisation, count in (("F16", 1, 9000), ("Q8_0", 7, 9000), ("Q4_0", 2, 5000)):
        put(tmp_path / "g" / f"tiny-{label}.gguf", gguf(quantisation, count))
    finding = only(judge(tmp_path), "gguf-quantisation")
    assert names(finding, tmp_path) == {"g/tiny-Q8_0.gguf", "g/tiny-Q4_0.gguf"}
    assert finding.safety is Safety.COSTLY
    assert finding.members == (os.fsencode(tmp_path / "g" / "tiny-F16.gguf"),)


def test_without_full_weights_a_lost_quantisation_is_a_persons_decision(tmp_path: Path) -> None:
    put(tmp_path / "tiny.Q8_0.gguf", gguf(7, 9000))
    put(tmp_path / "tiny.Q4_K_M.gguf", gguf(15, 5000))
    assert only(judge(tmp_path), "gguf-quantisation").safety is Safety.REVIEW


def test_settings_say_how_many_quantisations_stay(tmp_path: Path) -> None:
    for label, quantisation, count in (("F16", 1, 9000), ("Q8_0", 7, 9000), ("Q4_0", 2, 5000)):
        put(tmp_path / f"tiny-{label}.gguf", gguf(quantisation, count))
    kept = Settings(retention={"gguf-quantisation": Retention(newest=2)})
    judged = judge_directory(os.fsencode(tmp_path), book(), kept)
    assert names(only(judged, "gguf-quantisation"), tmp_path) == {"tiny-Q4_0.gguf"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("medical-Q8_0.gguf", "legal-Q4_0.gguf"),
        ("tiny-v1-Q8_0.gguf", "tiny-v2-Q4_0.gguf"),
        ("a.gguf", "b.gguf"),
    ],
)
def test_models_of_other_names_never_stand_for_each_other(tmp_path: Path, one: str, other: str) -> None:
    put(tmp_path / one, gguf(7, 9000))
    put(tmp_path / other, gguf(2, 5000))
    judged = judge(tmp_path)
    assert not of(judged, "gguf-quantisation")
    assert len(of(judged, "gguf-model")) == 2


def test_pieces_of_one_model_go_together_and_a_missing_one_is_said(tmp_path: Path) -> None:
    for number in (1, 3):
        put(tmp_path / f"big-Q4_0-0000{number}-of-00003.gguf", gguf(2, 5000))
    finding = only(judge(tmp_path), "gguf-model")
    assert len(finding.paths) == 2
    assert any("2 of 3 pieces are here" in sentence for sentence in finding.evidence)


def test_adapters_and_projectors_are_never_offered(tmp_path: Path) -> None:
    put(tmp_path / "lora.gguf", gguf(1, kind="adapter"))
    put(tmp_path / "mmproj-tiny-F16.gguf", gguf(1, architecture="clip"))
    judged = judge(tmp_path)
    assert not offered(judged, tmp_path)
    assert names(only(judged, "gguf-adapter"), tmp_path) == {"lora.gguf"}


def test_a_gguf_that_was_cut_off_is_said(tmp_path: Path) -> None:
    put(tmp_path / "tiny-F16.gguf", gguf(1, 9000)[:-1000])
    assert any("is cut off" in sentence for sentence in only(judge(tmp_path), "gguf-model").evidence)


def test_a_source_that_was_cut_off_makes_no_quantisation_again(tmp_path: Path) -> None:
    put(tmp_path / "tiny-F16.gguf", gguf(1, 90000)[:-1000])
    put(tmp_path / "tiny-Q8_0.gguf", gguf(7, 9000))
    put(tmp_path / "tiny-Q4_0.gguf", gguf(2, 5000))
    finding = only(judge(tmp_path), "gguf-quantisation")
    assert names(finding, tmp_path) == {"tiny-F16.gguf", "tiny-Q4_0.gguf"}
    assert finding.safety is Safety.REVIEW
    assert finding.members == (os.fsencode(tmp_path / "tiny-Q8_0.gguf"),)


def test_base_and_merged_and_cast_are_kin_and_no_duplicates(tmp_path: Path) -> None:
    whole(tmp_path / "m" / "base")
    whole(tmp_path / "m" / "health-merged")
    whole(tmp_path / "m" / "half", "BF16")
    put(
        tmp_path / "a" / "health" / "adapter_config.json",
        '{"base_model_name_or_path": "m/base", "peft_type": "LORA"}',
    )
    put(tmp_path / "a" / "health" / "adapter_model.safetensors", size=500)
    judged = judge(tmp_path)
    assert not of(judged, "model-duplicate")
    merged = judged.finding_for(index(judged, tmp_path / "m" / "health-merged"))
    assert merged is not None and merged.safety is Safety.REVIEW
    said = " ".join(merged.evidence)
    assert "kin, not a duplicate" in said and "can be merged again" in said and "in BF16" in said
    family = only(judged, "model-family")
    assert len(family.members) == 3 and not family.offers and family.apparent_size == 0
    assert any("a/health is built on it" in sentence for sentence in family.evidence)
    assert "m/base" not in offered(judged, tmp_path)
    answer = explain(os.fsencode(tmp_path / "m" / "half"), judged)
    assert any("m/base" in sentence for sentence in answer.evidence)


def index(judged: object, path: Path) -> int:
    found = judged.scan.tree.find(os.fsencode(path))  # type: ignore[attr-defined]
    assert found is not None
    return found


def torch_file(path: Path, sizes: list[int], storage: str = "FloatStorage") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model/data.pkl", b"\x80\x02ctorch\n" + storage.encode() + b"\n.")
        for number, size in enumerate(sizes):
            archive.writestr(f"model/data/{number}", bytes(size))
    set_ages(path.parent)
    return path


def test_a_torch_file_is_counted_without_unpickling(tmp_path: Path) -> None:
    path = torch_file(tmp_path / "m.bin", [400, 40], "BFloat16Storage")
    with path.open("rb") as file:
        read = read_torch_zip(file.fileno())
    assert read is not None and (read.precision, read.parameters, read.sizes) == ("BF16", 220, (40, 400))
    path.write_bytes(b"PK\x03\x04 nothing")
    with path.open("rb") as file:
        assert read_torch_zip(file.fileno()) is None


def test_a_twin_beside_whole_safetensors_may_go(tmp_path: Path) -> None:
    where = whole(tmp_path / "m")
    torch_file(where / "pytorch_model.bin", [4000])
    put(where / "tf_model.h5", size=4100)
    finding = only(judge(tmp_path), "model-framework-twin")
    assert names(finding, where) == {"pytorch_model.bin", "tf_model.h5"}
    assert finding.safety is Safety.REVIEW
    assert any("tensors of exactly the same sizes" in sentence for sentence in finding.evidence)


def test_a_twin_beside_safetensors_that_were_never_filled_is_the_model(tmp_path: Path) -> None:
    where = whole(tmp_path / "m", count=20000)
    torch_file(where / "pytorch_model.bin", [80000])
    assert not of(judge(tmp_path), "model-framework-twin")


@pytest.mark.parametrize("broken", ["short", "stub", "missing shard"])
def test_a_twin_beside_broken_safetensors_is_the_model(tmp_path: Path, broken: str) -> None:
    where = whole(tmp_path / "m")
    torch_file(where / "pytorch_model.bin", [4000])
    if broken == "missing shard":
        (where / "model.safetensors").rename(where / "model-00001-of-00002.safetensors")
    else:
        put(where / "model.safetensors", safetensors()[:-100] if broken == "short" else b"stub", size=0)
    assert not of(judge(tmp_path), "model-framework-twin")


def test_a_missing_shard_is_said(tmp_path: Path) -> None:
    put(tmp_path / "m" / "config.json", json.dumps(LLAMA))
    put(tmp_path / "m" / "model-00001-of-00002.safetensors", safetensors())
    shards = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    put(tmp_path / "m" / "model.safetensors.index.json", json.dumps({"weight_map": shards}))
    finding = only(judge(tmp_path), "model-directory")
    assert any("1 of 2 shards are missing (model-00002" in sentence for sentence in finding.evidence)


def test_equal_blobs_share_their_blocks(tmp_path: Path) -> None:
    hub = Hub(tmp_path / "hub")
    for repository in ("models--acme--one", "models--acme--two"):
        put(hub.path / repository / "blobs" / ("2" * 64), size=50000)
        hub.snapshot(repository, "a" * 40, {"model.safetensors": "2" * 64}, "main")
    finding = only(judge(tmp_path), "model-duplicate")
    assert names(finding, hub.path) == {f"models--acme--two/blobs/{'2' * 64}"}
    (offer,) = finding.offers
    assert offer.action is Action.DEDUPE and len(offer.paths) == 2


def test_a_hard_link_is_no_second_copy(tmp_path: Path) -> None:
    hub = Hub(tmp_path / "hub")
    put(hub.path / "models--acme--one" / "blobs" / ("2" * 64), size=50000)
    hub.snapshot("models--acme--one", "a" * 40, {"model.safetensors": "2" * 64}, "main")
    hub.snapshot("models--acme--two", "a" * 40, {"model.safetensors": "2" * 64}, "main")
    (hub.path / "models--acme--two" / "blobs").mkdir()
    os.link(
        hub.path / "models--acme--one" / "blobs" / ("2" * 64),
        hub.path / "models--acme--two" / "blobs" / ("2" * 64),
    )
    assert not of(judge(tmp_path), "model-duplicate")


def test_an_older_revision_stays_where_the_settings_say_so(tmp_path: Path) -> None:
    hub = Hub(tmp_path / "hub")
    for revision, blob in (("a" * 40, "0" * 40), ("b" * 40, "1" * 40)):
        hub.blob("models--acme--tiny", blob, 100)
        hub.snapshot(
            "models--acme--tiny", revision, {"config.json": blob}, "main" if revision[0] == "b" else ""
        )
    assert of(judge(tmp_path), "hf-detached-revision")
    kept = Settings(retention={"hf-detached-revision": Retention(newest=2)})
    assert not of(judge_directory(os.fsencode(tmp_path), book(), kept), "hf-detached-revision")


def test_a_download_that_never_got_to_a_snapshot_is_a_repository(tmp_path: Path) -> None:
    hub = Hub(tmp_path / "hub")
    put(hub.path / "models--acme--first" / "refs" / "main", "d" * 40)
    put(hub.path / "models--acme--first" / "blobs" / f"{'3' * 64}.incomplete", size=4000)
    put(hub.path / "models--acme--none" / ".no_exist" / ("b" * 40) / "adapter_config.json", "")
    put(hub.path / "models--my-notes" / "blobs" / "plan.md", "")
    judged = judge(tmp_path)
    found = {name for finding in of(judged, "hf-hub-repository") for name in names(finding, hub.path)}
    assert found == {"models--acme--first", "models--acme--none"}
    assert only(judged, "hf-incomplete-download").offers


def test_a_pipeline_is_one_unit_with_its_twins_told_apart(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    index_text = {
        "_class_name": "StableDiffusionPipeline",
        "unet": ["diffusers", "UNet2DConditionModel"],
        "scheduler": ["diffusers", "DDIMScheduler"],
        "feature_extractor": [None, None],
    }
    put(pipe / "model_index.json", json.dumps(index_text))
    put(pipe / "scheduler" / "scheduler_config.json", "{}")
    put(pipe / "unet" / "diffusion_pytorch_model.safetensors", safetensors())
    put(pipe / "unet" / "diffusion_pytorch_model.bin", size=4000)
    judged = judge(tmp_path)
    finding = only(judged, "diffusers-pipeline")
    assert names(finding, tmp_path) == {"pipe"}
    assert any("2 parts: unet, scheduler" in sentence for sentence in finding.evidence)
    assert not any("Missing" in sentence for sentence in finding.evidence)


def test_a_note_of_a_person_keeps_a_pipeline(tmp_path: Path) -> None:
    put(tmp_path / "pipe" / "model_index.json", '{"_class_name": "P", "unet": ["diffusers", "U"]}')
    put(tmp_path / "pipe" / "unet" / "diffusion_pytorch_model.safetensors", safetensors())
    put(tmp_path / "pipe" / "observations.md", "mine")
    assert not offered(judge(tmp_path), tmp_path)


def test_the_makers_own_format_is_a_model_or_a_twin(tmp_path: Path) -> None:
    put(tmp_path / "own" / "params.json", '{"dim": 4096, "n_layers": 32}')
    put(tmp_path / "own" / "consolidated.00.pth", size=9000)
    where = whole(tmp_path / "both")
    put(where / "params.json", '{"dim": 8}')
    put(where / "consolidated.safetensors", size=4000)
    put(tmp_path / "trial" / "params.json", '{"lr": 0.1}')
    put(tmp_path / "trial" / "model.safetensors", size=4000)
    judged = judge(tmp_path)
    found = {name for finding in of(judged, "model-directory") for name in names(finding, tmp_path)}
    assert found == {"own", "both"}
    assert names(only(judged, "model-framework-twin"), where) == {"consolidated.safetensors"}


def test_gguf_files_in_the_hub_cache_are_described_and_have_kin(tmp_path: Path) -> None:
    hub = Hub(tmp_path / "hub")
    put(hub.path / "models--acme--tiny-GGUF" / "blobs" / ("4" * 64), gguf(15))
    hub.snapshot("models--acme--tiny-GGUF", "a" * 40, {"tiny-Q4_K_M.gguf": "4" * 64}, "main")
    whole(tmp_path / "m" / "tiny")
    judged = judge(tmp_path)
    assert any("Tiny Q4_K_M" in sentence for sentence in only(judged, "hf-hub-repository").evidence)
    assert len(only(judged, "model-family").members) == 2


def test_weights_of_pytorch_alone_are_counted(tmp_path: Path) -> None:
    put(tmp_path / "m" / "config.json", json.dumps(LLAMA))
    torch_file(tmp_path / "m" / "pytorch_model.bin", [4000, 400])
    assert any(
        "Llama, 1.10 k parameters, F32" in one for one in only(judge(tmp_path), "model-directory").evidence
    )


def test_weights_for_other_programs_in_the_hub_cache_go_by_the_owners_command(tmp_path: Path) -> None:
    hub = Hub(tmp_path / "hub")
    repository = hub.path / "models--acme--tiny"
    put(repository / "blobs" / ("5" * 40), json.dumps(LLAMA))
    put(repository / "blobs" / ("6" * 64), safetensors())
    put(repository / "blobs" / ("7" * 64), size=4000)
    files = {"config.json": "5" * 40, "model.safetensors": "6" * 64, "pytorch_model.bin": "7" * 64}
    hub.snapshot("models--acme--tiny", "a" * 40, files, "main")
    put(tmp_path / "a" / "adapter_config.json", '{"base_model_name_or_path": "acme/tiny"}')
    put(tmp_path / "a" / "adapter_model.safetensors", size=500)
    judged = judge(tmp_path)
    said = " ".join(only(judged, "hf-hub-repository").evidence)
    assert "hf cache rm hf://models/acme/tiny/pytorch_model.bin" in said
    assert "1 adapter built on it: a; loading it downloads this again." in said
    assert not of(judged, "model-framework-twin")


@pytest.mark.parametrize("name", ["config.json", "tiny.gguf"])
def test_links_from_elsewhere_into_the_hub_cache_are_said(tmp_path: Path, name: str) -> None:
    hub = Hub(tmp_path / "hub")
    hub.blob("models--acme--tiny", "5" * 40, 100)
    hub.snapshot("models--acme--tiny", "a" * 40, {name: "5" * 40}, "main")
    link(tmp_path / "m" / "tiny" / name, f"../../hub/models--acme--tiny/blobs/{'5' * 40}")
    said = only(judge(tmp_path), "hf-hub-repository").evidence
    assert "Links in m/tiny lead into it and would lead nowhere without it." in said


def test_a_modelfile_names_the_file_that_it_is_built_from(tmp_path: Path) -> None:
    put(tmp_path / "tiny-F16.gguf", gguf(1, 9000))
    put(tmp_path / "tiny-Q4_0.gguf", gguf(2, 5000))
    put(tmp_path / "Modelfile", "FROM ./tiny-Q4_0.gguf\n")
    assert not offered(judge(tmp_path), tmp_path)


def test_a_layer_of_ollama_and_a_blob_of_the_hub_can_be_one_file(tmp_path: Path) -> None:
    digest = "a1" * 32
    hub = Hub(tmp_path / "hub")
    put(hub.path / "models--acme--tiny-GGUF" / "blobs" / digest, size=50000)
    hub.snapshot("models--acme--tiny-GGUF", "a" * 40, {"tiny.gguf": digest}, "main")
    put(tmp_path / "ollama" / "models" / "blobs" / f"sha256-{digest}", size=50000)
    manifest = {
        "schemaVersion": 2,
        "config": {"digest": "sha256:" + "b" * 64},
        "layers": [{"digest": f"sha256:{digest}"}],
    }
    put(
        tmp_path / "ollama" / "models" / "manifests" / "registry.ollama.ai" / "library" / "tiny" / "latest",
        json.dumps(manifest),
    )
    finding = only(judge(tmp_path), "model-duplicate")
    assert names(finding, tmp_path) == {f"ollama/models/blobs/sha256-{digest}"}


@pytest.mark.parametrize(
    ("packing", "shown"),
    [
        ({"quant_method": "gptq", "bits": 4}, "4-bit gptq"),
        ({"bits": "four"}, "BF16"),
        ([], "BF16"),
        (None, "BF16"),
    ],
)
def test_a_model_is_known_however_its_weights_are_packed(tmp_path: Path, packing: object, shown: str) -> None:
    put(tmp_path / "m" / "config.json", json.dumps(LLAMA | {"quantization_config": packing}))
    put(tmp_path / "m" / "model.safetensors", safetensors("BF16"))
    assert any(shown in sentence for sentence in only(judge(tmp_path), "model-directory").evidence)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.integers(0, 200))
def test_no_bytes_at_all_break_the_reader_of_torch_files(data: bytes, cut: int) -> None:
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("model/data.pkl", data)
            archive.writestr("model/data/0", data)
        size = file.seek(0, os.SEEK_END)
        file.seek(cut % size)
        file.write(data)
        file.flush()
        # A list of entries that claims gigabytes is refused, which the prober takes for "cannot tell".
        with contextlib.suppress(OSError):
            read_torch_zip(file.fileno())


def onnx(data: bytes = b"") -> bytes:
    """Return the beginning of a model as onnx writes it, with a tensor that lies in another file."""
    entry = b"\x0a\x08location\x12" + bytes([len(data)]) + data
    return b"\x08\x0e\x3a\x40" + (b"j" + bytes([len(entry)]) + entry if data else b"\x0a" * 20)


def test_the_data_file_of_an_onnx_model_goes_with_it_whatever_its_name(tmp_path: Path) -> None:
    put(tmp_path / "x" / "net.onnx", onnx(b"w"))
    put(tmp_path / "x" / "w", size=40000)
    put(tmp_path / "x" / "plain.onnx", onnx())
    put(tmp_path / "x" / "holiday.raw", size=40000)
    put(tmp_path / "x" / "broken.onnx", b"\x08\x0e\x3a\x40" + b"." * 20 + b"\x0a\x08location\x12")
    finding = only(judge(tmp_path), "onnx-model")
    assert names(finding, tmp_path / "x") == {"net.onnx", "w", "plain.onnx", "broken.onnx"}
    assert finding.safety is Safety.REVIEW


def test_an_export_beside_its_original_can_be_made_again(tmp_path: Path) -> None:
    where = whole(tmp_path / "m")
    put(where / "onnx" / "model.onnx", onnx())
    judged = judge(tmp_path)
    assert only(judged, "onnx-model").safety is Safety.COSTLY
    assert names(only(judged, "model-directory"), tmp_path) == {"m"}


def test_an_export_beside_an_original_that_was_cut_off_is_the_model(tmp_path: Path) -> None:
    where = whole(tmp_path / "m")
    put(where / "model.safetensors", safetensors()[:-100])
    put(where / "onnx" / "model.onnx", onnx())
    assert only(judge(tmp_path), "onnx-model").safety is Safety.REVIEW


def test_a_data_file_that_two_models_name_stays_with_the_one_that_stays(tmp_path: Path) -> None:
    put(tmp_path / "x" / "one.onnx", onnx(b"shared"))
    put(tmp_path / "x" / "two.onnx", onnx(b"shared"))
    put(tmp_path / "x" / "shared", size=40000)
    put(tmp_path / "serve.sh", "serve x/one.onnx\n")
    assert offered(judge(tmp_path), tmp_path) == {"x/two.onnx"}
