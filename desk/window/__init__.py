"""The main window: its layout and the one registry of commands."""
