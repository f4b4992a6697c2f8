"""Tables of facts with their sources: libraries, projects, fonts, obligations, the SPDX License List."""
