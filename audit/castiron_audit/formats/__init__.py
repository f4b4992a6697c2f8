"""Pure functions from a report to a document; each in a module of its own."""
