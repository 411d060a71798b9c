"""Benchmarks against other libraries: `python -m bench`, `python -m bench --help`."""
