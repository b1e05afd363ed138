"""Screens and dialogs around the main screen."""
