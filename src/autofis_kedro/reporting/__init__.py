"""Tables and figures: data in, table or figure out, no files."""
