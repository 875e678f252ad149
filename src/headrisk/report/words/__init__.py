"""Every sentence of a page, a file for each attack's findings. All take numbers and give text."""
