"""What `make` runs besides Python modules of the product: the set-up of the development environment."""
