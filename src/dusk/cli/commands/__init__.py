"""One module per command: ``configure(subparsers)`` describes it, ``run(arguments)`` does it."""
