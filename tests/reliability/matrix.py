"""Every fault at every call of every action. Runs in a Python that has the library of `fault.c` preloaded.

    python -m reliability.matrix DIRECTORY --faults kill,EIO --step 1

prints one JSON line for each scene and fault.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from . import invariants
from .faults import FAULTS, Ended, Fault, Injector, Mode
from .laboratory import Laboratory, NotHere, enter_namespace, mount
from .scenes import SCENES, Scene, recovered, undo_everything

_END = 1 << 40


@dataclass(slots=True)
class Row:
    """One scene under one fault, over all points that were tried."""

    scene: str
    fault: str
    calls: int = 0
    """Calls of the scene that this fault can hit."""
    points: int = 0
    """Points that were tried."""
    hit: int = 0
    """Points where the fault happened."""
    done: int = 0
    """Points where the work ended well all the same."""
    leftovers: int = 0
    """Points after which something with dusk's own working name was left."""
    stays: int = 0
    """Points after which undo had put the source back and left what was made of it, which it said."""
    times: int = 0
    """Points after which undo did not give back the time of a directory."""
    problems: list[str] = field(default_factory=list)
    """What must not be."""
    seconds: float = 0.0


class Matrix:
    """The experiments in one laboratory."""

    def __init__(self, box: Laboratory) -> None:
        self.box = box
        self.injector = Injector()
        self.whole = 0
        """Entries of the directory of the scene when it is whole."""
        self._begun: dict[str, invariants.Facts] = {}
        self._held: dict[str, dict[str, int]] = {}

    def row(self, scene: Scene, fault: Fault, step: int, offset: int) -> Row:
        row = Row(scene.name, fault.name)
        started = time.monotonic()
        self._warm_up(scene)
        mode = fault.mode if fault.mode is Mode.RAISE else Mode.COUNT
        row.calls = self._try(scene, replace(fault, mode=mode), _END, row).calls
        row.points = row.hit = row.done = 0
        for at in range(1 + offset % step, row.calls + 1, step):
            ended = self._try(scene, fault, at, row)
            row.hit += ended.faults > 0
            results = (ended.report or {}).get("results", [])
            row.done += bool(results) and all(state == "done" for state, _ in results)
        row.seconds = round(time.monotonic() - started, 2)
        return row

    def _warm_up(self, scene: Scene) -> None:
        """Do it once here, so that what is imported late is imported before anything can go wrong."""
        self.box.reset()
        scene.prepare(self.box)()
        undo_everything(self.box)

    def _try(self, scene: Scene, fault: Fault, at: int, row: Row) -> Ended:
        box = self.box
        box.reset()
        work = scene.prepare(box)
        if scene.phase in ("act", "first"):
            before = invariants.facts(box.data)
        # What a kill left half made is no content of the user's.
        contents = self._held[scene.plan] if scene.phase == "recovery" else invariants.contents(box)
        if scene.phase == "first":
            self._forget_state()
        box.journal.close()
        ended = self.injector.run(fault, at, work)
        box.reopen()
        row.points += 1
        found = [*self._checked(scene, ended, contents)]
        if scene.phase not in ("act", "first"):
            before = self._beginning(scene)
        row.leftovers += bool(invariants.residue(box))
        if fault.mode is Mode.KILL:
            found += invariants.residue(box)
        found += self._taken_back(scene, before, contents, row, fault)
        if ended.trace:
            found.append(ended.trace)
        where = f"{fault.name} at call {at} ({ended.call})"
        row.problems += [f"{where}: {problem}" for problem in found]
        return ended

    def _forget_state(self) -> None:
        import shutil

        self.box.journal.close()
        shutil.rmtree(self.box.state)

    def _checked(self, scene: Scene, ended: Ended, contents: dict[str, int]) -> Iterator[str]:
        box = self.box
        yield from (f"the journal was damaged: {notice}" for notice in box.journal.notices)
        said = recovered(box)
        yield from invariants.open_records(box)
        # Where nothing was open the first one had nothing to do, and so has a second.
        before = invariants.everything(box) if said else {}
        again = recovered(box)
        if again or (said and invariants.everything(box) != before):
            yield f"a second recovery did something: {again}"
        yield from invariants.bad_sentences(ended.report)
        after = invariants.contents(box)
        if scene.phase == "empty":
            # Whole or gone: what is left of an item must be all of it.
            yield from self._whole_or_gone(contents, after)
        else:
            yield from invariants.conserved(contents, after)
        yield from invariants.trash_problems(box)

    def _whole_or_gone(self, before: dict[str, int], after: dict[str, int]) -> Iterator[str]:
        if any(count > before.get(content, 0) for content, count in after.items()):
            yield "something was doubled"
        for item in self.box.bin():
            left = invariants.facts(item.path) if os.path.isdir(item.path) else None
            if left is not None and len(left) < self.whole:
                yield f"half of {item.original!r} is left in the trash"

    def _beginning(self, scene: Scene) -> invariants.Facts:
        """Return the facts of the tree before the act: the same plan always makes the same tree."""
        return self._begun[scene.plan]

    def remember(self, scene: Scene) -> None:
        """Note what the tree of a scene is like before anything is done."""
        from .scenes import PLANS

        self.box.reset()
        PLANS[scene.plan](self.box)
        self._begun[scene.plan] = invariants.facts(self.box.data)
        self._held[scene.plan] = invariants.contents(self.box)
        run = self.box.path(b"run")
        self.whole = len(invariants.facts(run)) if os.path.isdir(run) else 0

    def _taken_back(
        self, scene: Scene, before: invariants.Facts, contents: dict[str, int], row: Row, fault: Fault
    ) -> Iterator[str]:
        if scene.phase == "empty":
            return
        undo_everything(self.box)
        found = invariants.differences(before, invariants.facts(self.box.data))
        if fault.mode is not Mode.KILL:
            # What an error kept from being removed has a name that says what it is.
            found = [one for one in found if "/.dusk-" not in one and "b'.dusk-" not in one]
            if scene.phase in ("undo", "rebuild", "restore"):
                # A product that could not be moved away while the source came back stays, and that was said.
                stays = [one for one in found if re.search(r"\.(zst|jsonl)(?:\.\w+)?['\"] is left", one)]
                row.stays += bool(stays)
                found = [one for one in found if one not in stays]
        times = [one for one in found if one.startswith("directory time of")]
        others = [one for one in found if not one.startswith("directory time of")]
        row.times += bool(times)
        if fault.mode is Mode.KILL:
            others += times
        yield from (f"after undo {one}" for one in others)
        yield from invariants.conserved(contents, invariants.contents(self.box))


def laboratories(directory: bytes, scenes: list[Scene]) -> Iterator[tuple[Laboratory, list[Scene], str]]:
    """Yield a box for the scenes that it serves: a filesystem in memory, and images for shared blocks."""
    plain = [scene for scene in scenes if scene.plan != "dedupe reflink"]
    sharing = [scene for scene in scenes if scene.plan == "dedupe reflink"]
    mount("tmpfs", "mode=755,size=512m", b"tmpfs", directory)
    if plain:
        root = os.path.join(directory, b"box")
        os.mkdir(root)
        mount("tmpfs", "mode=755,size=256m", b"tmpfs", root)
        yield Laboratory(root), plain, ""
    if sharing and os.geteuid() == 0:
        for kind in ("btrfs", "xfs"):
            root = os.path.join(directory, kind.encode())
            yield _sharing(root, kind), sharing, f" on {kind}"


def _sharing(root: bytes, kind: str) -> Laboratory:
    from .images import make_image

    image = make_image(root + b".image", kind)
    os.mkdir(root)
    mount(kind, "loop", image, root)
    return Laboratory(root)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("directory")
    parser.add_argument("--scenes", default="")
    parser.add_argument("--faults", default=",".join(FAULTS))
    parser.add_argument("--step", type=int, default=1)
    parser.add_argument("--offset", type=int, default=0)
    options = parser.parse_args(arguments)
    wanted = options.scenes.split(";") if options.scenes else [scene.name for scene in SCENES]
    scenes = [scene for scene in SCENES if scene.name in wanted]
    try:
        enter_namespace()
        count = options.offset
        for box, served, suffix in laboratories(os.fsencode(options.directory), scenes):
            matrix = Matrix(box)
            for scene in served:
                matrix.remember(scene)
                for fault in options.faults.split(","):
                    count += 1
                    row = matrix.row(scene, FAULTS[fault], options.step, count)
                    row.scene += suffix
                    fields = {name: getattr(row, name) for name in Row.__slots__}
                    print(json.dumps(fields), flush=True)
    except NotHere as reason:
        print(json.dumps({"not_here": str(reason)}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
