"""The table of acts: which module carries out which action."""

from __future__ import annotations

import functools
import importlib
from types import MappingProxyType

from dusk.actions.act import Act
from dusk.rules.finding import Action

TABLE: MappingProxyType[Action, tuple[str, str]] = MappingProxyType(
    {
        Action.TRASH: ("dusk.actions.trashing", "Trashing"),
        Action.ARCHIVE: ("dusk.actions.archiving", "ArchivingAct"),
        Action.COMPRESS: ("dusk.actions.compressing", "Compressing"),
        Action.ROTATE: ("dusk.actions.rotating", "Rotating"),
        Action.SPLIT: ("dusk.actions.splitting", "Splitting"),
        Action.REQUEUE: ("dusk.actions.requeueing", "Requeueing"),
        Action.EMPTY_DIRECTORIES: ("dusk.actions.empty_directories", "EmptyDirectories"),
        Action.SCAFFOLD: ("dusk.actions.scaffolding", "Scaffolding"),
        Action.NATIVE: ("dusk.actions.native", "Native"),
        Action.DEDUPE: ("dusk.actions.deduplication", "Deduplication"),
    }
)
"""Module and class of each action. Imported when first needed: most runs need one of them."""


def act_for(action: Action) -> Act | None:
    """Return what carries out an action; None for one that does nothing."""
    return _instance(action) if action in TABLE else None


def act_of(name: str) -> Act | None:
    """Return what carried out an action as the journal names it; None for restoring and emptying."""
    known = {action.value: action for action in TABLE}
    return act_for(known[name]) if name in known else None


@functools.cache
def _instance(action: Action) -> Act:
    module, name = TABLE[action]
    found = getattr(importlib.import_module(module), name)()
    assert isinstance(found, Act) and found.action is action
    return found
