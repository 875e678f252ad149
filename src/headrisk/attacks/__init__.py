"""What can be compared, and how an audit measures it: one module for each modality."""
