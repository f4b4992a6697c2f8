"""Finds licenses in texts by rules: texts, notices, references and tags, exactly or nearly as they are known."""
