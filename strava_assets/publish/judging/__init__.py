"""Judging bytes before they are public, and after: decode, then hold against every invariant.

``judge`` takes paths and bytes and returns findings; by kind of file: ``csvs``, ``maps``, ``sums``. Nothing here reads
or writes a store: the gate asks before it writes, ``verify`` after.
"""
