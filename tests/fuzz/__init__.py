"""Fuzzers of everything that reads foreign bytes; README.md says how they work and how to run them."""
