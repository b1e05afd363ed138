"""The inspectors of what training leaves, by the names that rules call them."""

from __future__ import annotations

TRAINING = {
    "accelerate": "accelerate:inspect_accelerate",
    "checkpoints": "",  # what stays and what was cut short is reported by the others
    "deepspeed": "deepspeed:inspect_deepspeed",
    "distributed-checkpoint": "distributed_checkpoint:inspect_distributed_checkpoint",
    "lightning": "lightning:inspect_lightning",
    "megatron": "megatron:inspect_megatron",
    "nemo": "lightning:inspect_nemo",
    "orbax": "orbax:inspect_orbax",
    "ray-results": "ray_results:inspect_ray_results",
    "saved-models": "saved_models:inspect_saved_models",
    "speechbrain": "speechbrain:inspect_speechbrain",
    "step-directories": "step_directories:inspect_step_directories",
    "tensorflow": "tensorflow_checkpoint:inspect_tensorflow",
    "trainer": "trainer:inspect_trainer_run",
    "ultralytics": "ultralytics:inspect_ultralytics",
    "weight-files": "weight_files:inspect_weight_files",
}
"""Each as its module and its function; empty where another one reports it."""
