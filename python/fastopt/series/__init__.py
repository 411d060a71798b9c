"""Time series: rows of delayed values, and networks on them that feed their outputs back."""
