"""Facts as data: the license list's texts, libraries that wheels bring along, obligations, compatibility."""
