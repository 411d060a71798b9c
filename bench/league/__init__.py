"""The league: methods × problems × starts, which decides defaults."""
