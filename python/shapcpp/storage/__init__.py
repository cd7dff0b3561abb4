"""Files: written whole or not at all; features files and CSV."""
