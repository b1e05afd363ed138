"""What things are, what losing them would cost, and how they come back."""
