"""Tests of desk.catalog: pure values and rules."""
