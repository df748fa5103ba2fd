"""Tests of desk.database."""
