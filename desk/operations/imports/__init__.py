"""Imports of CSV files: reading, understanding, forecasting, writing."""
