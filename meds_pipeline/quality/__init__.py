"""Quality: rules, suites, and checks that need all corpora together."""
