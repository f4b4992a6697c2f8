"""Defines the file between the stages: what an application needs, as values (`model`) and as bytes (`codec`)."""
