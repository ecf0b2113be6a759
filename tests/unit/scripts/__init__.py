"""Tests of the scripts, with folders and programs made for them."""
