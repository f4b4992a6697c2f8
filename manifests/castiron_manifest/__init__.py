"""The file between the stages: what an application needs, as values (`model`), as bytes (`codec`), and as text (`show`)."""
