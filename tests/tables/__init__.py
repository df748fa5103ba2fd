"""Tests of desk.tables: models, delegates and the grid, over rows in memory."""
