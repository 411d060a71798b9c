"""Tables: reading them, and what becomes of their columns."""
