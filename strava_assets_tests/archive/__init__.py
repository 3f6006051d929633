"""Reading files and exports, and landing them."""
