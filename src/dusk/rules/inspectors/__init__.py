"""Readers of structure that a TOML rule cannot express, one module per tool."""
