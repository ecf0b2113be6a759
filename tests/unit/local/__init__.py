"""Tests of the local parts with small stand-in processes and a stand-in pipeline."""
