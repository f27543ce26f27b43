"""What a user may ask for: the specs, a run made of them, and presets of the papers."""
