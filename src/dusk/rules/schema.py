"""A JSON schema of rule files, so that an editor completes keys and says what each means."""

from __future__ import annotations

import ast
import inspect
from typing import Any

import msgspec

from dusk import settings
from dusk.rules import place, rule
from dusk.rules.inspectors import INSPECTORS
from dusk.rules.rule import RuleFile

_TITLE = "A file of rules for dusk"


def rule_file_schema() -> dict[str, Any]:
    """Return the schema; every field carries the sentence that its type says about it."""
    schema: dict[str, Any] = msgspec.json.schema(RuleFile)
    said = {**_sentences(rule), **_sentences(place), **_sentences(settings)}
    for name, definition in schema["$defs"].items():
        for field, described in definition.get("properties", {}).items():
            sentence = said.get((name, field))
            if sentence is not None:
                described.setdefault("description", sentence)
    schema["$defs"]["Rule"]["properties"]["inspector"]["enum"] = ["", *sorted(INSPECTORS)]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": _TITLE, **schema}


def schema_text() -> str:
    """Return the schema as it lies beside the rules."""
    return msgspec.json.format(msgspec.json.encode(rule_file_schema()), indent=2).decode() + "\n"


def _sentences(module: object) -> dict[tuple[str, str], str]:
    """Return the sentence below each field of each class of a module."""
    if not inspect.ismodule(module):
        return {}
    found: dict[tuple[str, str], str] = {}
    for node in ast.parse(inspect.getsource(module)).body:
        if not isinstance(node, ast.ClassDef):
            continue
        field = ""
        for statement in node.body:
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                field = statement.target.id
            elif field and isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                found[node.name, field] = " ".join(str(statement.value.value).split())
                field = ""
    return found
