"""Estimates from models that arrive part by part."""
