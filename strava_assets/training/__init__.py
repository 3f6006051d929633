"""Training figures: best efforts, load, Eddington numbers, streaks. Private and complete.

What belongs here: plain functions from arrays and Arrow tables to figures, each with its formula's source;
``docs/training.md`` tells them in words. What does not: Dagster, and anything that is published: what the public
may see is added up from published numbers (``publish.summaries``).
"""
