"""The operating system as facts: names, sizes, identity, mounts, holders, protected places."""
