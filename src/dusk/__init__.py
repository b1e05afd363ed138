"""See what fills the disk of a GPU box, understand it, clear it, take it back."""

__version__ = "0.1.0"
