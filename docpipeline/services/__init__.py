"""One client for each outside system. Settings come as arguments; heavy SDKs are imported at first use."""
