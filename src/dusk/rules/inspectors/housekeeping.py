"""Inspectors of what packages, builds, version control, the system and projects leave behind."""

HOUSEKEEPING: dict[str, str] = {
    "archives": "extracted:inspect_archives",
    "backups": "backups:inspect_backups",
    "build-outputs": "build_outputs:inspect_build_outputs",
    "core-dumps": "core_dumps:inspect_core_dumps",
    "dvc": "dvc:inspect_dvc",
    "editor-servers": "editor_servers:inspect_editor_servers",
    "environments": "environments:inspect_environments",
    "bazel-disk-cache": "compiler_caches:inspect_bazel_disk_cache",
    "ccache": "compiler_caches:inspect_ccache",
    "git": "git_store:inspect_git",
    "gradle": "gradle:inspect_gradle",
    "installed-versions": "installed_versions:inspect_installed_versions",
    "go-modules": "package_stores:inspect_go_modules",
    "journal": "journal:inspect_journal",
    "logs": "logs:inspect_logs",
    "maven": "package_stores:inspect_maven",
    "notebook-checkpoints": "notebooks:inspect_notebook_checkpoints",
    "partial-downloads": "partial_downloads:inspect_partial_downloads",
    "pip-leftovers": "pip_leftovers:inspect_pip_leftovers",
    "pip-cache": "pip_cache:inspect_pip_cache",
    "pnpm-store": "package_stores:inspect_pnpm_store",
    "temporary": "temporary:inspect_temporary",
    "trash": "trash_can:inspect_trash",
    "uv-cache": "uv_cache:inspect_uv_cache",
}
"""By the names that rules call them: module of this package and function."""
