"""Other engines to compare ours with. They have their own environment and are never a dependency."""
