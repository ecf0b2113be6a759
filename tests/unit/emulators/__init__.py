"""Tests of the emulators: in-process where possible, as a real process where its life is the subject."""
