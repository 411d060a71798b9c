"""One file for each library that fastopt is compared with, and one for fastopt itself."""
