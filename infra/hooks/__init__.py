"""What azd does not do by itself, run by azd at the moments that azure.yaml names.

Standard library only: they run with any Python 3.11 or newer, before anything is installed.
"""
