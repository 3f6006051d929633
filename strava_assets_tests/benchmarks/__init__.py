"""Benchmarks: ``make bench`` prints a table of figures and ratios. Nothing here asserts a time."""
