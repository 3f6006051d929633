"""Tests, in the tree's own shape. Each is named after the promise it keeps."""
