"""What keeps strangers out of servers on this machine. It knows nothing of the host; other servers use it, too."""
