"""The executor, the actions it runs, the journal and undo: the only code that changes a user's files."""
