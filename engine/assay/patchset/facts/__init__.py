"""What sources define and use: the facts on which conflicts of meaning rest. Pure, and safe on any input."""
