"""Local stand-ins for the services the pipeline talks to: `python -m emulators --help`. Never ships to Azure."""
