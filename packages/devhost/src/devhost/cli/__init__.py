"""The command line for people: look at instances of a running host and steer them."""
