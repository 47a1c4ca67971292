"""Quality: rules, suites, and what can only be seen over all corpora together."""
