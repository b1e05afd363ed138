"""What ``dusk doctor`` looks at, one module per subject. Nothing here changes anything."""
