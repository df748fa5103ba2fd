"""Tests of desk.dialogs."""
