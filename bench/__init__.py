"""The bench: how soon, how surely and how dearly the house does its work, beside the least that any server must do. See README.md."""
