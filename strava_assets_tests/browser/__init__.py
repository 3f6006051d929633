"""The map page in a real Chromium, on a public root written by hand.

What belongs here: what a person sees and does on the page. What does not: whether the publisher writes such
files (``end_to_end``). Nothing here imports the publisher: CONTRACT's files are written anew, so that the
page is held against the contract and not against our own encoder.
"""
