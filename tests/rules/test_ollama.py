"""Ollama stores: what a tag alone needs, what nothing needs, and when nobody can tell."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dusk.rules.finding import Action

from .trees import DAY, judge, names, of, offered, only, put

LIBRARY = "registry.ollama.ai/library"


class Store:
    """A store of Ollama built file by file."""

    def __init__(self, top: Path) -> None:
        self.path = top / ".ollama" / "models"

    def layer(self, content: str, size: int = 0, age: float = 30 * DAY) -> str:
        """Make a layer and return its digest."""
        digest = hashlib.sha256(content.encode()).hexdigest()
        put(self.path / "blobs" / f"sha256-{digest}", content, size=size, age=age)
        return digest

    def tag(self, place: str, *digests: str, **extra: str) -> Path:
        """Make a model with a configuration of its own."""
        said = {"model_family": "llama", "model_type": "8.0B", "file_type": "Q4_K_M", "name": place}
        config = self.layer(json.dumps(said))
        layers = [{"digest": f"sha256:{digest}", "size": 1, **extra} for digest in digests]
        document = {"schemaVersion": 2, "config": {"digest": f"sha256:{config}"}, "layers": layers}
        return put(self.path / "manifests" / place, json.dumps(document))


def test_a_tag_goes_with_its_own_layers_and_leaves_what_it_shares(tmp_path: Path) -> None:
    store = Store(tmp_path)
    weights = store.layer("weights", size=90000)
    system = store.layer("you are a pirate")
    store.tag(f"{LIBRARY}/llama3.1/8b", weights)
    store.tag(f"{LIBRARY}/pirate/latest", weights, system, **{"from": "/models/llama3.1"})
    judged = judge(tmp_path)
    found = {finding.title: finding for finding in of(judged, "ollama-model")}
    pirate = found["Ollama model pirate:latest"]
    assert any(name.endswith(system) for name in names(pirate, tmp_path))
    assert not any(name.endswith(weights) for name in offered(judged, tmp_path))
    assert pirate.safety.value == "review"
    assert found["Ollama model llama3.1:8b"].safety.value == "costly"
    assert "does not free" in " ".join(pirate.evidence)
    assert names(only(judged, "ollama-shared-layer"), tmp_path) == {f".ollama/models/blobs/sha256-{weights}"}


def test_the_own_command_of_ollama_is_offered_beside_the_trash(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.tag("hf.co/bartowski/Llama-3.2-1B-GGUF/Q4_K_M", store.layer("weights"))
    finding = only(judge(tmp_path), "ollama-model")
    assert [offer.action for offer in finding.offers] == [Action.TRASH, Action.NATIVE]
    assert finding.offers[1].options.command == ("ollama", "rm", "hf.co/bartowski/Llama-3.2-1B-GGUF:Q4_K_M")
    assert any("llama, 8.0B, Q4_K_M" in sentence for sentence in finding.evidence)


@pytest.mark.parametrize("text", ["", "{", '{"layers": [{"digest": ""}]}', "\x00\x01"])
def test_a_manifest_that_cannot_be_read_makes_no_layer_an_orphan(tmp_path: Path, text: str) -> None:
    store = Store(tmp_path)
    store.tag(f"{LIBRARY}/phi4/latest", store.layer("weights"))
    store.layer("nobody's")
    put(store.path / "manifests" / LIBRARY / "broken" / "latest", text)
    assert not of(judge(tmp_path), "ollama-orphan-layer")


def test_a_store_without_any_manifest_is_not_safe_to_empty(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.layer("weights", size=50000)
    (store.path / "manifests").mkdir(parents=True)
    finding = only(judge(tmp_path), "ollama-orphan-layer")
    assert finding.safety.value == "review"


def test_the_first_layers_of_a_long_pull_are_no_orphans(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.tag(f"{LIBRARY}/phi4/latest", store.layer("weights"))
    store.layer("licence of the model that is being pulled", age=0.2 * DAY)
    put(store.path / "blobs" / f"sha256-{'c' * 64}-partial", "0", age=20)
    assert not only(judge(tmp_path), "ollama-orphan-layer").offers


def test_young_layers_and_running_pulls_are_left_alone(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.tag(f"{LIBRARY}/phi4/latest", store.layer("weights"))
    young = store.layer("young", age=600)
    old = store.layer("old", size=70000)
    for suffix in ("-partial", "-partial-0"):
        put(store.path / "blobs" / f"sha256-{'d' * 64}{suffix}", "0")
    judged = judge(tmp_path)
    going = offered(judged, tmp_path)
    assert f".ollama/models/blobs/sha256-{old}" in going
    assert not any(young in path for path in going)
    assert {
        f".ollama/models/blobs/sha256-{'d' * 64}{suffix}" for suffix in ("-partial", "-partial-0")
    } <= going


def test_a_layer_that_a_program_has_open_keeps_its_model(tmp_path: Path) -> None:
    store = Store(tmp_path)
    weights = store.layer("weights", size=90000)
    store.tag(f"{LIBRARY}/phi4/latest", weights)
    blob = store.path / "blobs" / f"sha256-{weights}"
    program = "import sys; f = open(sys.argv[1], 'rb'); print('ready', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program, str(blob)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        finding = only(judge(tmp_path), "ollama-model")
        holder.communicate(b"")
    assert not finding.offers
    assert finding.is_keep


def test_keys_and_history_are_kept_also_where_a_service_has_them(tmp_path: Path) -> None:
    for name in ("id_ed25519", "id_ed25519.pub", "history"):
        put(tmp_path / "usr" / "share" / "ollama" / ".ollama" / name, "secret")
    kept = only(judge(tmp_path), "ollama-keys")
    assert len(kept.paths) == 3


def test_a_model_whose_name_is_no_text_has_no_command(tmp_path: Path) -> None:
    store = Store(tmp_path)
    tag = store.tag(f"{LIBRARY}/phi4/latest", store.layer("weights"))
    odd = os.fsencode(tag.parent) + b"-\xff\x1b[31m"
    os.rename(tag.parent, odd)
    finding = only(judge(tmp_path), "ollama-model")
    assert [offer.action for offer in finding.offers] == [Action.TRASH]
    assert "\x1b" not in finding.title + finding.command + "".join(finding.evidence)
