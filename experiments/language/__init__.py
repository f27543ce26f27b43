"""Memorization by networks that predict the next token."""
