import os, sys

sys.path.insert(0, os.path.abspath("."))
project = "small"
author = "someone"
copyright = "someone"
extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.intersphinx",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
]
html_theme = "furo"
language = "en"
