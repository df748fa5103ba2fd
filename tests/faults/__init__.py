"""Faults that Desk must survive, one test for each number of the list."""
