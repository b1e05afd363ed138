"""A plan as a JSON document: names of any bytes, full identities, errors that name the key."""

from __future__ import annotations

import json

from dusk.fs.identity import EntryKind, Identity
from dusk.fs.names import json_text
from dusk.fs.survey import LinkedInode, Survey
from dusk.plan.document_node import Node, PlanError
from dusk.plan.plan import Plan, in_order
from dusk.plan.step import Forecast, Step, Target
from dusk.rules.finding import Action, ActionOptions
from dusk.rules.safety import Safety

__all__ = ["PlanError", "decode_plan", "encode_plan"]

FORMAT = "dusk-plan"
FORMAT_VERSION = 2


def encode_plan(plan: Plan) -> bytes:
    """Return the plan as JSON in ASCII; bytes that are not UTF-8 become surrogate escapes."""
    document = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "version": plan.version,
        "steps": [_step_document(step) for step in plan.steps],
    }
    return json.dumps(document, indent=1).encode("ascii") + b"\n"


def decode_plan(data: bytes) -> Plan:
    """Return the plan of a document.

    Raises PlanError; its text names the key that is missing, unknown or wrong.
    """
    try:
        root = Node(json.loads(data), "plan")
    except (ValueError, RecursionError) as error:
        raise PlanError(f"The plan is not JSON: {error}.") from error
    if root.text("format") != FORMAT:
        raise PlanError(f"plan.format: expected {FORMAT!r}.")
    if root.number("format_version") != FORMAT_VERSION:
        raise PlanError(f"plan.format_version: only version {FORMAT_VERSION} is known.")
    steps = in_order(_read_step(node) for node in root.nodes("steps"))
    version = root.number("version")
    root.finish()
    _refuse_repeats(steps)
    return Plan(steps, version)


def _step_document(step: Step) -> dict[str, object]:
    return {
        "id": step.id,
        "action": step.action.value,
        "destination": json_text(step.destination),
        "destination_device": step.destination_device,
        "insisted": step.insisted,
        "options": _options_document(step.options),
        "targets": [_target_document(target) for target in step.targets],
    }


def _options_document(options: ActionOptions) -> dict[str, object]:
    return {
        "form": options.form,
        "keep_days": options.keep_days,
        "lines": options.lines,
        "command": list(options.command),
        "preview": list(options.preview),
        "names": list(options.names),
    }


def _target_document(target: Target) -> dict[str, object]:
    return {
        "path": json_text(target.path),
        "identity": _identity_document(target.identity),
        "apparent_size": target.apparent_size,
        "disk_size": target.disk_size,
        "entries": target.entries,
        "safety": target.safety.value,
        "title": target.title,
        "rule": target.rule,
        "keeps": [json_text(path) for path in target.keeps],
        "linked": [_link_document(link) for link in target.linked],
        "survey": None if target.survey is None else _survey_document(target.survey),
        "forecast": None if target.forecast is None else _forecast_document(target.forecast),
    }


def _forecast_document(forecast: Forecast) -> dict[str, object]:
    return {
        "frees_now": forecast.frees_now,
        "frees_after_purge": forecast.frees_after_purge,
        "needs": forecast.needs,
        "is_estimate": forecast.is_estimate,
        "is_at_most": forecast.is_at_most,
        "sentence": forecast.sentence,
    }


def _identity_document(identity: Identity) -> dict[str, object]:
    return {
        "device": identity.device,
        "inode": identity.inode,
        "kind": identity.kind.name.lower(),
        "size": identity.size,
        "mtime_ns": identity.mtime_ns,
        "links": identity.links,
    }


def _link_document(link: LinkedInode) -> dict[str, object]:
    return {
        "device": link.device,
        "inode": link.inode,
        "links": link.links,
        "found": link.found,
        "disk_size": link.disk_size,
        "counted": link.counted,
    }


def _survey_document(survey: Survey) -> dict[str, object]:
    return {
        "identity": _identity_document(survey.identity),
        "entries": survey.entries,
        "apparent_size": survey.apparent_size,
        "disk_size": survey.disk_size,
        "newest_mtime_ns": survey.newest_mtime_ns,
        "fingerprint": survey.fingerprint,
        "linked": [_link_document(link) for link in survey.linked],
        "unreadable": survey.unreadable,
        "mounts": [json_text(path) for path in survey.mounts],
    }


def _read_step(node: Node) -> Step:
    step = Step(
        id=node.text("id"),
        action=node.choice("action", Action),
        targets=tuple(_read_target(target) for target in node.nodes("targets")),
        destination=node.path("destination", empty=True),
        destination_device=node.number("destination_device"),
        insisted=node.flag("insisted"),
        options=_read_options(node.node("options")),
    )
    node.finish()
    return step


def _read_options(node: Node) -> ActionOptions:
    options = ActionOptions(
        form=node.text("form"),
        keep_days=node.number("keep_days"),
        lines=node.number("lines"),
        command=node.texts("command"),
        preview=node.texts("preview"),
        names=node.texts("names"),
    )
    node.finish()
    return options


def _read_target(node: Node) -> Target:
    target = Target(
        path=node.path("path"),
        identity=_read_identity(node.node("identity")),
        apparent_size=node.number("apparent_size"),
        disk_size=node.number("disk_size"),
        entries=node.number("entries"),
        safety=node.choice("safety", Safety),
        title=node.text("title"),
        rule=node.text("rule"),
        keeps=node.paths("keeps"),
        linked=tuple(_read_link(link) for link in node.nodes("linked")),
        survey=None if node.take("survey") is None else _read_survey(node.node("survey")),
        forecast=None if node.take("forecast") is None else _read_forecast(node.node("forecast")),
    )
    node.finish()
    return target


def _read_forecast(node: Node) -> Forecast:
    forecast = Forecast(
        frees_now=node.number("frees_now", negative=True),
        frees_after_purge=node.number("frees_after_purge", negative=True),
        needs=node.number("needs"),
        is_estimate=node.flag("is_estimate"),
        is_at_most=node.flag("is_at_most"),
        sentence=node.text("sentence"),
    )
    node.finish()
    return forecast


def _read_identity(node: Node) -> Identity:
    name = node.text("kind").upper()
    if name not in EntryKind.__members__:
        raise node.wrong("kind", "one of " + ", ".join(kind.lower() for kind in EntryKind.__members__))
    identity = Identity(
        device=node.number("device"),
        inode=node.number("inode"),
        kind=EntryKind[name],
        size=node.number("size"),
        mtime_ns=node.number("mtime_ns", negative=True),
        links=node.number("links"),
    )
    node.finish()
    return identity


def _read_link(node: Node) -> LinkedInode:
    link = LinkedInode(
        device=node.number("device"),
        inode=node.number("inode"),
        links=node.number("links"),
        found=node.number("found"),
        disk_size=node.number("disk_size"),
        counted=node.flag("counted"),
    )
    node.finish()
    return link


def _read_survey(node: Node) -> Survey:
    survey = Survey(
        identity=_read_identity(node.node("identity")),
        entries=node.number("entries"),
        apparent_size=node.number("apparent_size"),
        disk_size=node.number("disk_size"),
        newest_mtime_ns=node.number("newest_mtime_ns", negative=True),
        fingerprint=node.text("fingerprint"),
        linked=tuple(_read_link(link) for link in node.nodes("linked")),
        unreadable=node.number("unreadable"),
        mounts=node.paths("mounts"),
    )
    node.finish()
    return survey


def _refuse_repeats(steps: tuple[Step, ...]) -> None:
    ids: set[str] = set()
    paths: set[bytes] = set()
    for number, step in enumerate(steps):
        if step.id in ids:
            raise PlanError(f"plan.steps[{number}].id: is there twice.")
        ids.add(step.id)
        for place, target in enumerate(step.targets):
            if target.path in paths:
                raise PlanError(f"plan.steps[{number}].targets[{place}].path: is there twice.")
            paths.add(target.path)
