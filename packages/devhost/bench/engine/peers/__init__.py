"""Other engines to compare ours with: in an environment of their own, never a dependency."""
