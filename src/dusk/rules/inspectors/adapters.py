"""Adapters: small trained additions to a model, which name the model that they need.

Source: peft 0.21, ``config.py``: adapter_config.json beside adapter_model.safetensors or .bin.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from dusk.fs.names import display_name, display_path
from dusk.rules.facts import Facts
from dusk.rules.families import Adapter
from dusk.rules.inspectors.checkpoint_layout import layout
from dusk.rules.inspectors.step_directories import is_step_of_a_series
from dusk.rules.probe import CannotTellError
from dusk.rules.sighting import Sighting

_WEIGHTS = (b"adapter_model.safetensors", b"adapter_model.bin", b"adapter_model.pt")


class AdapterConfiguration(msgspec.Struct):
    """The keys of adapter_config.json that tell what it adds to."""

    base_model_name_or_path: str | None = None
    """The base: a path, often relative, or a name on the Hub."""
    peft_type: str | None = None
    """Method: ``LORA``."""
    r: int | None = None
    """Rank."""
    modules_to_save: list[str] | None = None
    """Whole layers that it carries along."""


def inspect_adapter(directory: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield the adapter in a directory; one inside a checkpoint goes and stays with that."""
    children = facts.children(directory)
    weights = [children[name] for name in _WEIGHTS if name in children]
    if not weights or b"trainer_state.json" in children or not facts.is_file(hits[0]):
        return
    try:
        configuration = facts.document(hits[0], AdapterConfiguration)
    except CannotTellError:
        configuration = AdapterConfiguration()
    base = configuration.base_model_name_or_path or ""
    facts.families.note_adapter(Adapter(directory, base))
    if is_step_of_a_series(directory, facts) or layout(children):
        return
    method = display_name(configuration.peft_type or "adapter")
    rank = f" of rank {configuration.r}" if configuration.r else ""
    on = f" on {display_name(base)}" if base else ""
    whole = "; it carries whole layers along" if configuration.modules_to_save else ""
    place = display_path(facts.relative(directory)) or display_name(facts.tree.name(directory))
    yield Sighting(
        "adapter",
        (directory,),
        evidence=(f"{place}: {method}{rank}{on}, {facts.shown_size(*weights)}{whole}.",),
    )
