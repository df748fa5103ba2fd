"""Tests of desk.window and desk.app: commands, names for screen readers, the start."""
