"""The rules that ship with dusk, one TOML file per family."""
