"""The application's own files: which of those that lie beside its code go in, and which do not."""
