"""Face detectors: three independent ones, each with a graded score for every face it sees."""
