"""Frozen payloads and pure rules. Of our own modules they may import only ``docpipeline.errors``."""
