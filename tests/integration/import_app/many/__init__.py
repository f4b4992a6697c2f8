"""A package of modules and data."""
