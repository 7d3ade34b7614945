"""The HTTP edge: decode a request, call jobs or the formula, encode the answer. Imports everything below bootstrap."""
