"""Inspectors of models and datasets, by the names that rules call them."""

from __future__ import annotations

MODELLING = {
    "adapter": "adapters:inspect_adapter",
    "dataset": "dataset_cache:inspect_dataset",
    "dataset-downloads": "url_cache:inspect_downloads",
    "duplicates": "duplicates:inspect_duplicates",
    "engine": "exported:inspect_engine",
    "family": "",  # told by `family_findings`, once all members are known
    "gguf": "gguf_files:inspect_gguf",
    "keras-home": "keras_home:inspect_keras_home",
    "kaggle": "moved_caches:inspect_kaggle",
    "nltk": "moved_caches:inspect_nltk",
    "remote-code": "moved_caches:inspect_remote_code",
    "xet": "moved_caches:inspect_xet",
    "hub": "hub:inspect_hub",
    "legacy-cache": "url_cache:inspect_legacy_cache",
    "local-datasets": "dataset_cache:inspect_local_datasets",
    "local-directory": "local_directory:inspect_local_directory",
    "model": "models:inspect_model",
    "onnx": "exported:inspect_onnx",
    "pipeline": "pipelines:inspect_pipeline",
    "torch-hub": "torch_hub:inspect_torch_hub",
}
"""Each as its module and its function; empty where another one reports it."""
