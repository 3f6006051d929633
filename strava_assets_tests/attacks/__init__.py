"""Strangers who look for homes: simulated people, what is published of them, and every way we know to find them.

What belongs here: cities and people that nobody lives in, publishers (ours, and ones that leak as others do), and the
attacks, each a function from public bytes (and where it says so the street map) to a guessed home. Every attack has to
find homes where a publisher leaks, or its failure on our files would say nothing. What does not: tests of a rule by
itself (``privacy``, ``publish``). An attack reads bytes by plain arithmetic and pandas, never with our own readers.
"""
