"""The import dialog and its parts."""
