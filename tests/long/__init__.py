"""Tests that take too long for every run; each is one command, see its module."""
