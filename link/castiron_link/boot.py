"""What the stub is told about how to start."""
