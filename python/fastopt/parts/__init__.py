"""Data in parts: larger than memory, or on more machines than one."""
