"""Plays the Functions host: loads an app, invokes it, serves it and fires its timers."""
