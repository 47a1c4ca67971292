"""The `corrected` scorer: what each metric should be; one module per metric family.

Every item counts, an answer is found wherever it is in the output, and an output that cannot be read is `unparsed` and
not `wrong`.
docs/scoring.md states each rule with an example.
"""
