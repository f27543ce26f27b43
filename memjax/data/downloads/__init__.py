"""Data sets known by name: their files on the web, and where these are kept."""
