"""Local stand-ins for the services that the pipeline calls: `python -m emulators --help`. Never ships to Azure."""
