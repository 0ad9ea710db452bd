"""The JOOR channel."""
