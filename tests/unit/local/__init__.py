"""Tests of the local parts: small stand-in processes and a stand-in pipeline, in place of the real ones."""
