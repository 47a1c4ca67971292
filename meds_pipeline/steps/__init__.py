"""The steps of the pipeline: what each would do, and doing it."""
