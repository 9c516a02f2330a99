"""What the tests' own run says about the changed lines of a candidate: see `gather`."""
