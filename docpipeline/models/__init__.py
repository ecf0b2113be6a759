"""Frozen payloads and pure rules. May import ``docpipeline.errors`` and nothing else of ours."""
