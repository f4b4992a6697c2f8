"""Reads and writes ELF files and static libraries, for every stage."""
