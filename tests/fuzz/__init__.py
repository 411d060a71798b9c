"""Damaged files by the thousand, for every format that is read."""
