"""The `corrected` scorer: what each metric should be; one module a metric family.

Every item counts, an answer is found wherever it stands, and what cannot be read is `unparsed`, not `wrong`.
docs/scoring.md states each rule with an example.
"""
