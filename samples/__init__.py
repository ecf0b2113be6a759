"""The sample documents, and what makes them."""
