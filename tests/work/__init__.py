"""Tests of desk.work: the workers, the feeds and the lazy door."""
