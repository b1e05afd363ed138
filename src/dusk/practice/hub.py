"""The Hugging Face cache of the practice tree, in the old and in the shared-blob layout.

Source: huggingface_hub 2.4.0, whose own cache scanner reads the result.
"""

from __future__ import annotations

import hashlib
import json

from dusk.practice import architectures
from dusk.practice.headers import safetensors
from dusk.practice.layout import (
    DAY,
    MIB,
    Content,
    PracticeDirectory,
    PracticeEntry,
    PracticeFile,
    PracticeLink,
)

_HOME = "tara/.cache/huggingface"
HUB = f"{_HOME}/hub"
_CACHE_TAG = (
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# This file is a cache directory tag created by huggingface_hub.\n"
    "# For information about cache directory tags, see:\n#\thttps://bford.info/cachedir/\n"
)
_BGE = {"architectures": ["BertModel"], "hidden_size": 384, "model_type": "bert", "num_hidden_layers": 12}
_MINILM = _BGE | {"num_hidden_layers": 6}
_FACTS = {"intermediate_size": 1536, "num_attention_heads": 12, "vocab_size": 30522}


def hub_entries() -> list[PracticeEntry]:
    """Return four cached repositories, one old revision, one broken download and a token."""
    entries: list[PracticeEntry] = [
        PracticeFile(f"{_HOME}/token", Content.of("not-a-real-token\n"), 90 * DAY, 0o600),
        PracticeFile(f"{HUB}/CACHEDIR.TAG", Content.of(_CACHE_TAG), 90 * DAY),
    ]
    entries += _two_revisions()
    entries += _broken_download()
    return entries + _shared_store()


def _two_revisions() -> list[PracticeEntry]:
    """Return a model whose main branch moved on: both revisions share the tokeniser, not the weights."""
    repository = "models--BAAI--bge-small-en-v1.5"
    weights = architectures.bert_tensors(384, 12, 1536)
    tokenizer = Content.headed('{"version":"1.0","model":{"type":"WordPiece","vocab":{', 711396)
    old, new = _revision("bge-small old"), _revision("bge-small new")
    config = Content.json(_BGE | _FACTS)
    old_files = {
        "README.md": Content.of("---\nlicense: mit\n---\n# bge-small-en-v1.5, first release\n"),
        "config.json": config,
        "model.safetensors": _marked(safetensors(weights, "F32"), "old"),
        "tokenizer.json": tokenizer,
    }
    new_files = old_files | {
        "README.md": Content.of("---\nlicense: mit\n---\n# bge-small-en-v1.5, weights corrected\n"),
        "model.safetensors": _marked(safetensors(weights, "F32"), "new"),
    }
    entries = _snapshot(repository, old, old_files, 84 * DAY) + _snapshot(
        repository, new, new_files, 31 * DAY
    )
    entries.append(PracticeFile(f"{HUB}/{repository}/refs/main", Content.of(new), 31 * DAY))
    missing = f"{HUB}/{repository}/.no_exist/{new}/adapter_config.json"
    return [*entries, PracticeFile(missing, Content.of(""), 31 * DAY)]


def _broken_download() -> list[PracticeEntry]:
    """Return a complete model beside what a killed download of its second format left."""
    repository = "models--sentence-transformers--all-MiniLM-L6-v2"
    revision = _revision("MiniLM")
    files = {
        "config.json": Content.json(_MINILM | _FACTS),
        "model.safetensors": safetensors(architectures.bert_tensors(384, 6, 1536), "F32"),
    }
    entries = _snapshot(repository, revision, files, 47 * DAY)
    entries.append(PracticeFile(f"{HUB}/{repository}/refs/main", Content.of(revision), 47 * DAY))
    blob = hashlib.sha256(b"MiniLM pytorch_model.bin").hexdigest()
    partial = Content.headed(b"PK\x03\x04", 52 * MIB)
    path = f"{HUB}/{repository}/blobs/{blob}.8ab7c8a6.incomplete"
    locks = PracticeFile(f"{HUB}/.locks/{repository}/{blob}.lock", Content.of(""), 46 * DAY, 0o664)
    return [*entries, PracticeFile(path, partial, 46 * DAY), locks]


def _shared_store() -> list[PracticeEntry]:
    """Return two repositories whose equal weights lie once, in the store beside them."""
    weights = safetensors(architectures.bert_tensors(384, 6, 1536), "F16")
    payload, blob = (hashlib.sha256(text).hexdigest() for text in (b"shared payload", b"shared etag"))
    place = f"{HUB}/blobs/{payload[:2]}/{payload}"
    repositories = ("models--practice--minilm-f16", "models--practice--minilm-f16-mirror")
    references = "".join(f"{repository}/blobs/{blob}\n" for repository in repositories)
    entries: list[PracticeEntry] = [
        PracticeFile(f"{HUB}/blobs/.huggingface-shared-blobs", Content.of("1\n"), 20 * DAY, 0o444),
        PracticeFile(place, weights, 20 * DAY, 0o444),
        PracticeFile(f"{place}.refs", Content.of(references), 20 * DAY),
        PracticeFile(f"{place}.lock", Content.of(""), 20 * DAY),
    ]
    for repository in repositories:
        revision = _revision(repository)
        snapshot = f"{HUB}/{repository}/snapshots/{revision}"
        entries += _snapshot(repository, revision, {"config.json": Content.json(_MINILM | _FACTS)}, 20 * DAY)
        target = f"../../blobs/{payload[:2]}/{payload}"
        entries.append(PracticeLink(f"{HUB}/{repository}/blobs/{blob}", target, 20 * DAY))
        entries.append(PracticeLink(f"{snapshot}/model.safetensors", f"../../blobs/{blob}", 20 * DAY))
        entries.append(PracticeFile(f"{HUB}/{repository}/refs/main", Content.of(revision), 20 * DAY))
    return entries


def _snapshot(repository: str, revision: str, files: dict[str, Content], age: float) -> list[PracticeEntry]:
    """Return one revision: blobs named by their content and links to them; blobs may come twice."""
    base = f"{HUB}/{repository}"
    entries: list[PracticeEntry] = [PracticeDirectory(f"{HUB}/.locks/{repository}", age)]
    tree: dict[str, object] = {}
    for name, content in files.items():
        blob = _blob_name(name, content)
        tree[name] = {"size": content.size, "blob_id": blob[:40]}
        entries.append(PracticeFile(f"{base}/blobs/{blob}", content, age))
        entries.append(PracticeLink(f"{base}/snapshots/{revision}/{name}", f"../../blobs/{blob}", age))
    listing = json.dumps({"format_version": 1, "files": tree}, indent=1)
    entries.append(PracticeFile(f"{base}/trees/{revision}.json", Content.of(listing), age, 0o600))
    return entries


def _blob_name(name: str, content: Content) -> str:
    # Small files are named by 40 hex digits (git), big ones by 64 (sha256), as the Hub does.
    text = name.encode() + content.size.to_bytes(8, "big") + b"".join(data for _, data in content.pieces)
    digest = hashlib.sha256(text).hexdigest()
    return digest if content.size > 100_000 else digest[:40]


def _revision(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def _marked(content: Content, mark: str) -> Content:
    """Return the same file with a few bytes of the last tensor changed: other weights, same size."""
    return Content(content.size, (*content.pieces, (content.size - 64, mark.encode().ljust(64, b"\x3c"))))
