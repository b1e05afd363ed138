"""Walking a disk into a size tree that can be read while it grows."""
