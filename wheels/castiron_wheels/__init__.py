"""Distributions for the target: resolved and fetched as wheels, built where there are none, installed.

``wheels/README.md`` says what each module is for.
"""
