"""The umbrella command ``castiron``."""
