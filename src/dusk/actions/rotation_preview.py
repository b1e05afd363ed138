"""What rotating a pile comes to, and what speaks against it, before anything is touched."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from dusk.actions import trash_choice
from dusk.actions.checks import Objection, Situation
from dusk.actions.gate import Gate
from dusk.actions.replacement import short_of_space
from dusk.actions.rotation import DEFAULT_DAYS, Rotation, rotation_of
from dusk.actions.shrinking import shrinkage
from dusk.fs.descent import open_directory
from dusk.fs.mounts import MountTable
from dusk.fs.names import display_path
from dusk.fs.units import count_noun
from dusk.plan.step import Forecast, Step

_SAMPLED = 8  # files of a pile
_BLOCK = 4096


def objections_to_pile(situation: Situation, gate: Gate) -> Iterator[Objection]:
    """Yield why a directory cannot be rotated, or need not be."""
    shown, step = situation.shown, situation.step
    mount = MountTable.read().containing(situation.path)
    if mount is None or not mount.is_local:
        kind = mount.type if mount is not None else "this platform"
        yield Objection(f"Whether files in {shown} are in use cannot be told on {kind}.", may_insist=True)
    try:
        directory = open_directory(situation.path)
    except OSError as error:
        yield Objection(f"{shown} cannot be opened: {error.strerror}.")
        return
    try:
        if not os.access(b".", os.W_OK | os.X_OK, dir_fd=directory, effective_ids=True):
            yield Objection(f"{shown} cannot be rotated: it cannot be written by this user.")
            return
        refusal = trash_choice.refusal(directory, situation.path, gate.trashes)
        if refusal is not None:
            yield Objection(f"{shown}: {refusal}.")
        rotation = rotation_of(directory, step.options.keep_days, insisted=step.insisted)
        if not rotation.days:
            yield Objection(
                f"Nothing in {shown} is older than the newest {days_of(step)}.{about_rest(rotation)}"
            )
            return
        short = short_of_space(directory, max(_sizes(files) for files in rotation.days.values()))
        if short is not None:
            yield Objection(f"{shown} cannot be rotated: {short}.")
    except OSError as error:
        yield Objection(f"{shown} cannot be read: {error.strerror}.")
    finally:
        os.close(directory)


def forecast_of(pile: bytes, directory: int, rotation: Rotation, step: Step) -> Forecast:
    """Return what rotating a pile comes to, by samples of its biggest files. Raises OSError."""
    files = rotation.files
    biggest = sorted(files, key=lambda file: -file.disk_size)[:_SAMPLED]
    found = [shrinkage(directory, file.name, file.status.st_size) for file in biggest]
    before = sum(one.before for one in found)
    ratio = min(1.0, sum(one.estimate for one in found) / before) if before else 1.0
    apparent = sum(file.status.st_size for file in files)
    needs = round(apparent * ratio) + len(rotation.days) * _BLOCK
    return Forecast(
        frees_after_purge=max(0, _sizes(files) - needs),
        needs=needs,
        is_estimate=True,
        sentence=(
            f"In {display_path(pile)} {count_noun(len(files), 'file')} of "
            f"{count_noun(len(rotation.days), 'day')} would be packed; "
            f"{count_noun(len(rotation.kept), 'file')} of the newest {days_of(step)} stay."
            f"{about_rest(rotation)}"
        ),
    )


def about_rest(rotation: Rotation) -> str:
    """Return a sentence about the older files that stay, with a space before it."""
    if not rotation.left_out:
        return ""
    name, reason = next(iter(rotation.left_out.items()))
    more = f" and {count_noun(len(rotation.left_out) - 1, 'more')}" if len(rotation.left_out) > 1 else ""
    return f" {display_path(name)}{more} stays: it {reason}."


def days_of(step: Step) -> str:
    """Return how many days a step keeps: "7 days"."""
    return count_noun(step.options.keep_days or DEFAULT_DAYS, "day")


def _sizes(files: Sequence[object]) -> int:
    return sum(getattr(file, "disk_size", 0) for file in files)
