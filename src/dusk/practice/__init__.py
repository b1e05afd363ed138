"""The practice tree: a training directory with everything that goes wrong in one."""
