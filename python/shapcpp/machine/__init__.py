"""What this machine offers: processors and memory."""
