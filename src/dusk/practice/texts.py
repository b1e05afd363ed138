"""Text that looks like what people and programs write: the same for the same name, of any length."""

from __future__ import annotations

import datetime
import json
import random

from dusk.practice.layout import Content

_VERBS = (
    "load",
    "check",
    "merge",
    "parse",
    "rank",
    "scale",
    "split",
    "trim",
    "weigh",
    "queue",
    "count",
    "pack",
)
_NOUNS = (
    "batch",
    "example",
    "queue",
    "status",
    "report",
    "window",
    "shard",
    "prompt",
    "metric",
    "step",
    "token",
)
_SENTENCES = (
    "The daemon looks into the inbox every thirty seconds and moves what it finds to the queue.",
    "A file that fails twice goes to the failed directory and stays there until someone looks at it.",
    "Validation runs on the fixed set, so that numbers of different days can be compared.",
    "Keep the batch small: with long examples the card runs out of memory near the end of an epoch.",
    "The monitor reads the status file only; it never talks to the training process.",
    "A stop file in the control directory ends the run after the current step and saves a checkpoint.",
    "Loss went down fast in the first hour and hardly moved afterwards; the data may be too easy.",
    "The second card serves requests and must not be used for training at the same time.",
)
_NAMES = ("Ada", "Bo", "Cleo", "Dan", "Eve", "Finn", "Gus", "Hana")


def python_source(title: str, size: int) -> Content:
    """Return a Python module of about ``size`` bytes: small functions that nothing calls."""
    dice = random.Random(title)
    lines = [f'"""{title}."""', "", "from __future__ import annotations", ""]
    length = sum(len(line) + 1 for line in lines)
    number = 0
    while length < size - 200:
        verb, noun = dice.choice(_VERBS), dice.choice(_NOUNS)
        number, ceiling = number + 1, dice.randrange(1, 90) / 10
        block = [
            "",
            f"def {verb}_{noun}_{number}(values: list[float], limit: float = {ceiling}) -> float:",
            f'    """{verb.capitalize()} one {noun} and return what is left of it."""',
            f"    kept = [value for value in values if value < limit * {dice.randrange(2, 9)}]",
            f"    return sum(kept) / max(len(kept), {dice.randrange(1, 5)})",
            "",
        ]
        lines += block
        length += sum(len(line) + 1 for line in block)
    return Content.of("\n".join(lines))


def markdown(title: str, size: int) -> Content:
    """Return notes of about ``size`` bytes under a heading."""
    dice = random.Random(title)
    text = f"# {title}\n"
    while len(text) < size - 60:
        text += "\n" if dice.random() < 0.25 else ""
        text += dice.choice(_SENTENCES) + "\n"
    return Content.of(text)


def stylesheet_or_script(title: str, size: int) -> Content:
    """Return JavaScript of about ``size`` bytes that only defines constants."""
    dice = random.Random(title)
    text = f"// {title}\n"
    while len(text) < size - 60:
        noun = dice.choice(_NOUNS)
        text += f"export const {noun}_{len(text)} = Object.freeze({{ limit: {dice.randrange(900)} }});\n"
    return Content.of(text)


def page(title: str, size: int) -> Content:
    """Return an HTML page of about ``size`` bytes."""
    dice = random.Random(title)
    text = f"<!doctype html>\n<title>{title}</title>\n<h1>{title}</h1>\n"
    while len(text) < size - 60:
        text += f"<p>{dice.choice(_SENTENCES)}</p>\n"
    return Content.of(text)


def training_log(title: str, size: int, start: datetime.datetime) -> Content:
    """Return a log of about ``size`` bytes with one line per training step."""
    dice = random.Random(title)
    moment, step, parts, length = start, 0, [], 0
    while length < size - 100:
        step += 10
        moment += datetime.timedelta(seconds=7)
        loss = 2.4 / (1 + step / 900) + dice.random() / 20
        facts = f"step={step} loss={loss:.4f} lr=2.00e-05 gpu_mem=21.7GB"
        line = f"{moment:%Y-%m-%d %H:%M:%S} INFO trainer {facts}\n"
        parts.append(line)
        length += len(line)
    return Content.of("".join(parts))


def examples(title: str, size: int, real: int = 65536) -> Content:
    """Return JSON lines of training examples; real up to ``real`` bytes, then a hole up to ``size``."""
    dice = random.Random(title)
    parts: list[str] = []
    length = 0
    while True:
        line = _example(dice, len(parts)) + "\n"
        if length + len(line) > min(size, real):
            break
        parts.append(line)
        length += len(line)
    return Content.headed("".join(parts), size)


def status_document(title: str, moment: datetime.datetime, step: int, size: int) -> Content:
    """Return one status file as the daemon writes it every few minutes: real at the start, then a hole."""
    dice = random.Random(title)
    document = {
        "timestamp": moment.isoformat(),
        "status": "training",
        "current_step": step,
        "total_steps": 100000,
        "epoch": round(step / 100000, 4),
        "loss": round(2.4 / (1 + step / 900), 4),
        "learning_rate": 2e-05,
        "gpu_memory_gb": 21.7,
        "current_file": "syllo_autogen.jsonl",
        "recent_examples": [json.loads(_example(dice, n)) for n in range(8)],
    }
    return Content.headed(json.dumps(document, indent=1)[:-2] + ",\n", size)


def _example(dice: random.Random, number: int) -> str:
    people = dice.sample(_NAMES, 3)
    premise = (
        f"All friends of {people[0]} like {dice.choice(_NOUNS)}s. {people[1]} is a friend of {people[0]}."
    )
    return json.dumps(
        {
            "id": f"syllo_{number:06d}",
            "messages": [
                {
                    "role": "user",
                    "content": f"{premise} What does {people[1]} like, and what of {people[2]}?",
                },
                {"role": "assistant", "content": f"{people[1]} likes it; of {people[2]} nothing follows."},
            ],
            "difficulty": dice.choice(("easy", "medium", "hard")),
        }
    )
