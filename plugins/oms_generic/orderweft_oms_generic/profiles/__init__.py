"""Profiles: what teaches this plugin one system, as data."""
