"""What the tests gate is made of: the report's records, suites, runs, comparison, confirmation, judgement."""
