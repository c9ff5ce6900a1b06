"""Programs at work: arrays in, arrays out, chunks of rows on all cores; and the same with NumPy alone."""
