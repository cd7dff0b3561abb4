"""Files, written whole or not at all: arrays, features files, tables."""
