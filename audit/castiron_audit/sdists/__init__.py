"""What source distributions tell of the wheels that were made of them."""
