"""Kin among thousands of models: the same answers as by comparing all with all, without doing so."""

from __future__ import annotations

import random
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from dusk.rules import kinship
from dusk.rules.families import Adapter, Families, Model
from dusk.rules.kinship import Kinship, names_model

from .test_model_families import whole
from .trees import judge, put, set_ages

BASES = ("", "tiny", "/models/tiny", "lab/tiny", "./tiny/", "../models/other", "org/tiny", "org/other")


class FakeTree:
    def is_removed(self, index: int) -> bool:
        return index % 11 == 10


class FakeFacts:
    """As much of the facts as kinship asks for."""

    def __init__(self, families: Families, paths: dict[int, bytes]) -> None:
        self.families, self.path, self.tree = families, paths.__getitem__, FakeTree()


def some_families(seed: int) -> tuple[FakeFacts, list[Model], list[Adapter]]:
    chance = random.Random(seed)
    families, paths = Families(), {}
    for entry in range(chance.randrange(40)):
        where = chance.choice(("/models", "/data/models", "/lab"))
        paths[entry] = f"{where}/{chance.choice(('tiny', 'other', 'third'))}".encode()
        families.note_model(
            Model(
                entry,
                chance.choice(("directory", "GGUF", "hub")),
                chance.choice(("llama", "Llama", "qwen2")),
                chance.choice((0, 2, 4)),
                8,
                chance.choice((0, 1000, 1010, 1100, 5000)),
                chance.choice(("BF16", "F32")),
                identifier=chance.choice(("", "", "org/tiny", "org/other")),
            )
        )
    for entry in range(100, 100 + chance.randrange(30)):
        families.note_adapter(Adapter(entry, chance.choice(BASES)))
    return FakeFacts(families, paths), list(families.models.values()), list(families.adapters.values())


@given(seed=st.integers(0, 10**6))
def test_adapters_are_those_that_name_the_model(seed: int) -> None:
    facts, models, adapters = some_families(seed)
    kin = Kinship(facts)  # type: ignore[arg-type]
    for model in models:
        wanted = [
            one
            for one in adapters
            if names_model(one.base, model, facts.path(model.entry)) and not facts.tree.is_removed(one.entry)
        ]
        assert list(kin.adapters_on(model)) == wanted


@given(seed=st.integers(0, 10**6))
def test_every_member_is_in_one_family_and_in_one_group_of_it(seed: int) -> None:
    facts, models, _ = some_families(seed)
    kin = Kinship(facts)  # type: ignore[arg-type]
    members = [model.entry for family in kin.families for model in family]
    assert len(members) == len(set(members))
    for family in kin.families:
        assert len(family) > 1
        assert not any(facts.tree.is_removed(model.entry) for model in family)
        for model in family:
            grouped = [one.entry for alike in kin.alike(model) for one in alike]
            assert sorted(grouped) == sorted(one.entry for one in family)
            assert [one for one in family if kin.adapters_on(one)] == list(kin.bases(model))
    alone = [model for model in models if model.entry not in members]
    assert all(kin.alike(model) == () for model in alone)


def test_many_models_are_not_compared_with_all_adapters(tmp_path: Path, monkeypatch) -> None:
    asked = []
    real = kinship.names_model
    monkeypatch.setattr(kinship, "names_model", lambda *words: asked.append(words) or real(*words))
    for number in range(60):
        whole(tmp_path / "models" / f"model-{number}")
        put(
            tmp_path / "adapters" / f"lora-{number}" / "adapter_config.json",
            f'{{"base_model_name_or_path": "models/model-{number}", "peft_type": "LORA"}}',
        )
        put(tmp_path / "adapters" / f"lora-{number}" / "adapter_model.safetensors", b"\0" * 100)
    set_ages(tmp_path)
    found = judge(tmp_path).findings()
    shown = " ".join(sentence for one in found for sentence in one.evidence)
    assert "1 adapter built on it: adapters/lora-7." in shown
    assert 60 <= len(asked) < 60 * 20  # once for each model and each weighing, and not for each pair
