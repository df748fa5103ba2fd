"""Runs operations on worker threads and brings their results to the interface's thread (QtCore only)."""
