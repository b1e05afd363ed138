"""Loose files of weights: series with a step in their names, files that others replaced, and single ones.

Only the content proves such a file (PyTorch's zip or old pickle, safetensors, HDF5, Keras, msgpack of Flax,
Paddle's pickle); names alone say what of a series is the newest. Folds, seeds, ranks, shards and prepared
samples have numbers too: none of these is a series.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from dusk.fs.names import display_name
from dusk.fs.units import count_noun
from dusk.rules.facts import Facts
from dusk.rules.headers.torch_checkpoint import read_lightning, torch_format
from dusk.rules.inspectors.checkpoint_layout import is_checkpoint
from dusk.rules.inspectors.checkpoint_run import Checkpoint, Run, is_chosen, is_held_elsewhere
from dusk.rules.inspectors.checkpoint_sightings import sight
from dusk.rules.inspectors.metrics import best_by_scores, scores_in
from dusk.rules.inspectors.step_directories import is_step_of_a_series
from dusk.rules.inspectors.step_names import Series, series
from dusk.rules.inspectors.ultralytics import is_ultralytics
from dusk.rules.sighting import Sighting

_HDF5 = b"\x89HDF\r\n\x1a\n"
_ZIP = b"PK\x03\x04"
_FILES = 2000  # more than this in one directory is data, not a run
_READ = 200
_SHOWN = 64
_FLAX = re.compile(rb"checkpoint_\d+\Z")
_OTHERS = (
    b"optimizer.pt",
    b"scheduler.pt",
    b"training_args.bin",
    b"scaler.pt",
    b"optimizer.bin",
    b"scheduler.bin",
)
# A plain number behind one of these names is a step when the numbers look like steps.
_WEAK = re.compile(
    rb"(?P<stem>(?:.*[^A-Za-z])?(?:model|net|network|weights?|w|g|d|gen|disc|generator|discriminator|actor|critic|policy|agent|"
    rb"optim|optimizer|unet|vae|lora|ema|student|teacher|encoder|decoder|ddpm|dqn|ppo|params)[-_.])"
    rb"(?P<number>\d{1,12})(?P<end>\.[A-Za-z].*)\Z",
    re.IGNORECASE | re.DOTALL,
)
_PADDED = re.compile(rb"(?P<stem>.*[-_.])(?P<number>0\d{4,11})(?P<end>\.[A-Za-z].*)\Z", re.DOTALL)
# Where the number comes first, only the tools' own names for the rest say that it is an epoch or a step.
_LEADING = re.compile(
    rb"(?P<number>\d{1,12})(?P<end>_net_[A-Za-z].*|\.pdparams|\.pdopt|\.state)\Z", re.DOTALL
)
_REPLACED = re.compile(
    rb"(?:^|[_\-. ])(old|prev|previous|backup|bak|tmp|temp|copy|deprecated|stale|unused)(?:$|[_\-. \d])",
    re.IGNORECASE,
)
_IN_MODELS = (
    b"weight",
    b"bias",
    b"state_dict",
    b"OrderedDict",
    b"torch.nn",
    b"optimizer",
    b"param_groups",
    b"exp_avg",
)
# A model's directory, a pipeline's, and Keras' backup of a training: their files go together.
_WHOLES = (b"config.json", b"model_index.json", b"training_metadata.json", b"CKPT.yaml")
_PICKLES = re.compile(rb"network-snapshot-.*\.pkl\Z|rl_model_(replay_buffer|vecnormalize)_\d+_steps\.pkl\Z")
_FIRST_RANK = re.compile(rb"[-_.]rank_?0+(?=[-_.]|\Z)")
_OTHER_RANK = re.compile(rb"rank_?0*[1-9]")
_STEADY = 50  # numbers that are multiples of this are steps, whatever they stand behind
_MANY = 4
_D3_HEAD = 64  # d3rlpy pickles a dictionary, first of it what torch.save wrote


def inspect_weight_files(directory: int, hits: list[int], facts: Facts) -> Iterator[Sighting]:
    """Yield what the loose weights of one directory say; raises CannotTellError."""
    if not 0 < len(hits) <= _FILES or _belongs_to_something(directory, facts):
        return
    names = {facts.tree.name(hit): hit for hit in dict.fromkeys(hits) if facts.is_file(hit)}
    for name in _OTHERS:
        names.pop(name, None)
    chosen = {name for name in names if is_chosen(name)}
    plain = {name: entry for name, entry in names.items() if name not in chosen}
    counted = [
        *series(_without_rank(plain)),
        *_weak_series(plain, bool(chosen)),
        *_leading_series(directory, plain, facts),
    ]
    found: list[tuple[Series, list[tuple[int, int]]]] = []
    for one in counted:
        proven = _proven([entry for _, entry in one.members], facts) if len(one.members) <= _READ else set()
        members = [(number, entry) for number, entry in one.members if entry in proven]
        if len(members) >= 2 and not one.may_be_a_recipe:
            found.append((one, members))
    taken = {entry for _, members in found for _, entry in members}
    single = [entry for entry in names.values() if entry not in taken]
    single = [entry for entry in single if entry in _proven(single, facts)] if len(single) <= _SHOWN else []
    beside = {
        entry: "its name says that it was chosen" for entry in single if facts.tree.name(entry) in chosen
    }
    for _, members in found:
        yield from sight(_run(directory, members, beside, facts), facts)
    if found:
        single = [entry for entry in single if entry not in beside]
    yield from _single(single, names, facts)


def _run(directory: int, members: list[tuple[int, int]], beside: dict[int, str], facts: Facts) -> Run:
    return Run(
        rule="numbered-weight-files",
        directory=directory,
        checkpoints=[Checkpoint(entry, number) for number, entry in members],
        best=best_by_scores({entry: scores_in(facts.tree.name(entry)) for _, entry in members}),
        also_kept=beside,
        last_reason="it is the last one of its series",
        noun=("file", "files"),
    )


def _without_rank(names: dict[bytes, int]) -> list[tuple[bytes, int]]:
    """Return the names without the rank of the process, where only the first one wrote anything."""
    if any(_OTHER_RANK.search(name) for name in names):
        return list(names.items())
    return [(_FIRST_RANK.sub(b"", name), entry) for name, entry in names.items()]


def _leading_series(directory: int, names: dict[bytes, int], facts: Facts) -> Iterator[Series]:
    """Yield series whose names begin with the number.

    CycleGAN and pix2pix write ``5_net_G.pth`` beside ``latest_net_G.pth``, Paddle's Model.fit ``0.pdparams``
    with ``0.pdopt`` beside ``final.pdparams``, BasicSR ``5000.state`` into ``training_states``.
    """
    found: dict[bytes, list[tuple[int, int]]] = {}
    for name, entry in names.items():
        match = _LEADING.match(name)
        if match:
            found.setdefault(match["end"], []).append((int(match["number"]), entry))
    beside = facts.children(directory)
    for end, members in found.items():
        if end == b".state":
            is_series = facts.tree.name(directory) == b"training_states"
        elif end.startswith(b".pd"):
            is_series = b"final" + end in beside and b"0.pdparams" in beside and b"0.pdopt" in beside
        else:
            is_series = b"latest" + end in beside
        if is_series and len(members) > 1:
            yield Series(b"\0" + end, tuple(sorted(members)))


def _weak_series(names: dict[bytes, int], is_run: bool) -> Iterator[Series]:
    """Yield series of plain numbers that look like steps: even ones, or many of them beside a result."""
    found: dict[bytes, list[tuple[int, int]]] = {}
    strong = {entry for one in series(names.items()) for _, entry in one.members}
    for name, entry in names.items():
        match = _WEAK.match(name) or _PADDED.match(name)
        if match and entry not in strong:
            found.setdefault(match["stem"] + b"\0" + match["end"], []).append((int(match["number"]), entry))
    for stem, members in found.items():
        numbers = [number for number, _ in members]
        # sd-scripts writes NAME-000010.safetensors for epochs, and NAME.safetensors in the end.
        has_end = stem.split(b"\0")[0][:-1] + stem.split(b"\0")[1] in names
        # d3rlpy writes model_STEP.d3 alone, whatever the steps are.
        is_steady = len(numbers) > 1 and all(
            number % _STEADY == 0 or stem.endswith(b".d3") for number in numbers
        )
        if is_steady or (len(numbers) > 1 and has_end) or (is_run and len(numbers) >= _MANY):
            yield Series(stem, tuple(sorted(members)))


def _proven(entries: Sequence[int], facts: Facts) -> set[int]:
    """Return those of the files whose content is that of weights."""
    chosen = list(entries)[:_READ]
    return {
        entry
        for entry, head in zip(chosen, facts.heads(chosen, 64 * 1024), strict=True)
        if head and _is_weights(facts.tree.name(entry), head)
    }


def _is_weights(name: bytes, head: bytes) -> bool:
    if torch_format(head):
        # Prepared samples are saved with the same function: those hold bare tensors without such names.
        is_model = torch_format(head) == "script" or any(word in head for word in _IN_MODELS)
        return is_model and (read_lightning(head) is None or not name.endswith(b".ckpt"))
    if head.startswith(_HDF5):
        return name.endswith((b".h5", b".hdf5", b".keras", b".weights.h5"))
    if head.startswith(_ZIP):
        return name.endswith((b".keras", b"_steps.zip")) and (b"metadata.json" in head or b"data" in head)
    if name.endswith(b".safetensors"):
        return head[8:10] == b'{"' or head[8:9] == b"{"
    if name.endswith((b".pdparams", b".pdopt", b".d3")) or _PICKLES.match(name):
        return head[:1] == b"\x80" and (b"torch" in head[:_D3_HEAD] or not name.endswith(b".d3"))
    is_map = head[0] & 0xF0 == 0x80 or head[0] in (0xDE, 0xDF)
    return is_map and (name.endswith(b".msgpack") or _FLAX.match(name) is not None)


def _single(single: list[int], names: dict[bytes, int], facts: Facts) -> Iterator[Sighting]:
    """Yield weights that are no part of a series: what another file replaced, and what stands alone."""
    replaced = [entry for entry in single if _is_replaced(facts.tree.name(entry), names)]
    for entry in replaced:
        yield Sighting(
            "old-weight-file",
            (entry,),
            evidence=(
                f"The name {display_name(facts.tree.name(entry))} reads like weights that others replaced.",
                f"It was written {facts.shown_age(entry)}.",
            ),
            withheld=f"it changed {facts.shown_age(entry)}: a program may still write it."
            if facts.is_live(entry)
            else "",
        )
    alone = tuple(
        entry
        for entry in single
        if entry not in replaced and not facts.tree.name(entry).endswith((b".safetensors", b".bin"))
    )
    if alone:
        yield Sighting(
            "loose-weights",
            alone,
            evidence=(
                f"{count_noun(len(alone), 'file')} with weights, {facts.shown_size(*alone)}.",
                f"The newest change was {facts.shown_age(*alone)}.",
            ),
            withheld="nothing shows that the same weights exist anywhere else.",
        )


def _is_replaced(name: bytes, names: dict[bytes, int]) -> bool:
    match = _REPLACED.search(name)
    if match is None:
        return False
    rest = re.sub(rb"[_\-. ]*" + re.escape(match[1]) + rb"[_\-]?\d*", b"", name, count=1, flags=re.IGNORECASE)
    return rest != name and rest in names


def _belongs_to_something(directory: int, facts: Facts) -> bool:
    """Return whether a bigger unit holds these files, or a program's own store of models."""
    tree = facts.tree
    above = [tree.name(directory), *facts.ground.names_above(directory)]
    if is_ultralytics(directory, facts) or is_checkpoint(directory, facts):
        return True
    if any(name in (b".cache", b".ollama") for name in above) or is_held_elsewhere(directory, facts):
        return True
    if any(facts.child(directory, mark) is not None for mark in _WHOLES):
        return True
    if any(is_step_of_a_series(one, facts) for one in (directory, max(tree.parent(directory), 0))):
        return True
    return any(is_checkpoint(one, facts) for one in facts.ground.ancestors(directory)[:3] if one > 0)
