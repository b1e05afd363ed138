"""The command line: thin, and importing what a command needs when it runs."""
