"""The session that screen tests look at: a small data directory of a GPU box, always the same."""

from __future__ import annotations

from types import SimpleNamespace

from dusk.rules.finding import Action, Finding, Offer
from dusk.rules.safety import Safety
from dusk.scan.entry import EntryFlag
from dusk.tui.session import Session
from tui.fake_tree import DAY, NOW, FakeJudge, FakeScan, FakeTree, Spec

GIB = 1024**3
MIB = 1024**2

DATA: Spec = {
    "checkpoints": {
        "llama-70b-sft": {
            f"checkpoint-{step}": {"model.safetensors": 300 * GIB} for step in (500, 1000, 1500)
        },
        "moe-16x3b": {"checkpoint-2000": {"optimizer.pt": 260 * GIB, "model.safetensors": 141 * GIB}},
        "ablations": {"run-1": {"model.safetensors": 288 * GIB}},
    },
    "hf-cache": {
        "hub": {
            "models--meta-llama--Llama-3.1-70B-Instruct-with-a-long-name": {"blobs": {"9f2c": 268 * GIB}},
            "datasets--HuggingFaceFW--fineweb": {"blobs": {"41aa": 241 * GIB}},
            "models--Qwen--Qwen2.5-72B": {"blobs": {"77d0": 119 * GIB}},
        },
    },
    "datasets": {"web": {"part-00000.parquet": 402 * GIB}},
    "docker": {"overlay2": {}},
    "wandb": {"run-20250101": {"run.wandb": 141 * GIB}},
    "conda": {"pkgs": {"cudatoolkit.conda": 98 * GIB}},
    "notes.md": 12 * 1024,
    "nohup.out": 12 * GIB,
}


def finding(
    tree: FakeTree,
    path: str,
    *,
    title: str = "Old checkpoint of a training run",
    tag: str = "old ckpt",
    safety: Safety = Safety.REVIEW,
    offers: tuple[Action, ...] = (Action.TRASH, Action.ARCHIVE),
    members: tuple[bytes, ...] = (),
) -> Finding:
    index = tree.at(path)
    size = tree.disk_size(index)
    absolute = tree.path(index)
    return Finding(
        rule="hf-trainer-checkpoint",
        title=title,
        family="checkpoint",
        tag=tag,
        paths=(absolute,),
        entries=(index,),
        safety=safety,
        what="A checkpoint that the Hugging Face Trainer wrote while it trained. It holds weights and the "
        "optimizer state.",
        evidence=(
            "It has trainer_state.json and is neither the last nor the best.",
            "Nothing holds it open.",
        ),
        cost="Training cannot be resumed from this step.",
        recover="Train again up to this step: about 3 days.",
        command=f"rm -r -- {absolute.decode()}",
        apparent_size=size,
        disk_size=size,
        shared_size=0,
        newest_mtime_ns=(NOW - 41 * DAY) * 10**9,
        offers=tuple(
            Offer(
                action=action,
                label="Trash the checkpoint"
                if action is Action.TRASH
                else "Archive the checkpoint elsewhere",
                paths=(absolute,),
                apparent_size=size,
                disk_size=size,
                frees_now=0,
                frees_after_purge=size,
            )
            for action in offers
        ),
        members=members,
    )


def sample_tree() -> FakeTree:
    tree = FakeTree(DATA)
    tree.flag(tree.at("docker/overlay2"), EntryFlag.UNREADABLE, "permission denied")
    return tree


def sample_findings(tree: FakeTree) -> list[Finding]:
    return [
        finding(
            tree, "checkpoints/llama-70b-sft/checkpoint-500", members=(b"/data/checkpoints/llama-70b-sft",)
        ),
        finding(
            tree,
            "hf-cache/hub/models--meta-llama--Llama-3.1-70B-Instruct-with-a-long-name",
            title="Model in the hub cache that no project names",
            tag="unused 143 d",
            safety=Safety.COSTLY,
        ),
        finding(
            tree, "wandb/run-20250101", title="Logs of a finished run", tag="run logs", safety=Safety.SAFE
        ),
        finding(tree, "notes.md", title="Your notes", tag="notes", safety=Safety.KEEP, offers=()),
    ]


def sample_session(*, running: bool = False, **options: object) -> Session:
    tree = sample_tree()
    scan = FakeScan(tree, running=running)
    judge = FakeJudge(sample_findings(tree))
    judge.scan = scan
    session = Session(
        scan,
        judge,  # type: ignore[arg-type]
        clock=lambda: float(NOW),
        open_journal=lambda: (SimpleNamespace(), ()),  # type: ignore[arg-type, return-value]
        **options,  # type: ignore[arg-type]
    )
    session.capacity = SimpleNamespace(  # type: ignore[assignment]
        point=b"/data", type="xfs", total=4 * 1024 * GIB, used=3560 * GIB, free=536 * GIB, fraction=0.87
    )
    session.owners.set_name(1000, "alice")
    return session
