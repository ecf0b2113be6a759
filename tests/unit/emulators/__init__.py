"""Tests of the emulators: in this process where possible, otherwise as a real process."""
