"""The local Functions host: runs the unmodified ``function_app.py`` of any Python v2 app, durable too."""
