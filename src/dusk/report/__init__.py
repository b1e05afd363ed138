"""Plain text and JSON for people and scripts."""
