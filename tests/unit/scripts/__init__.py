"""Tests of the set-up scripts, against folders and programs made up for the purpose."""
