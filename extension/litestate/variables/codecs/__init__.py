"""Codecs: objects of known types as plain data, without pickle."""
