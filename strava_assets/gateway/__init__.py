"""The small web service: webhook, connect, streams, the dashboard's files.

The only part that faces the internet. It stores events and serves public files; it computes nothing.
"""
