"""Compiled local search: kernels on plain arrays, and what turns a problem into these arrays and back."""
