"""Compares components with security advisories in the OSV format, offline.  Source: OSV schema 1.7."""
