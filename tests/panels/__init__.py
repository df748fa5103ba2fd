"""Tests of desk.panels, each over a catalogue of its own."""
