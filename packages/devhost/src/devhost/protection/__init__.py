"""Protects servers on this machine from strangers. It is independent of the host; other servers use it too."""
