"""One client per outside system. Settings arrive as arguments; heavy SDKs are imported at first use."""
