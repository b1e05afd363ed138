"""The queue as a document: steps, targets and what they free. Touches no disk."""
