"""Targets and steps as tests need them."""

from dataclasses import replace

from dusk.fs.identity import EntryKind, Identity
from dusk.fs.survey import LinkedInode, Survey
from dusk.plan.plan import Plan
from dusk.plan.step import Step, Target
from dusk.rules.finding import Action
from dusk.rules.safety import Safety


def make_target(path: bytes, disk: int = 100, *, device: int = 1, inode: int = 0, **facts) -> Target:
    identity = Identity(device, inode or hash(path) % 10**9 + 1, EntryKind.DIRECTORY, 4096, 1, 2)
    base = Target(path, identity, disk * 2, disk, 3, Safety.REVIEW, "")
    return replace(base, **facts)


def make_survey(target: Target, disk: int, links: tuple[LinkedInode, ...] = ()) -> Survey:
    return Survey(target.identity, 3, disk * 2, disk, 1, "f" * 32, links)


def trash(*targets: Target, name: str = "t") -> Step:
    return Step(name, Action.TRASH, targets)


def archive(*targets: Target, destination: bytes = b"/cold", device: int = 9, name: str = "a") -> Step:
    return Step(name, Action.ARCHIVE, targets, destination, device)


def paths(plan: Plan) -> list[bytes]:
    return [target.path for target in plan.targets]
