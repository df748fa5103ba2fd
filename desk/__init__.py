"""Desk: a desktop browser and editor for a catalogue of authors and books."""
