"""Themes that ship with dusk, as package data."""
