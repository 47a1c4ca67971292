"""The condition on which Dagster requests an asset after the corpora: its input data changed."""

import dagster as dg

_NOT_READY = ~dg.AutomationCondition.all_deps_match(
    ~dg.AutomationCondition.missing() | dg.AutomationCondition.will_be_requested()
)
CHANGED = (
    dg.AutomationCondition.eager()
    .replace("newly_updated", dg.AutomationCondition.data_version_changed())
    .replace("any_deps_missing", _NOT_READY)
    .with_label("when an input's data changed")
)
"""Like `eager()`, but a run that found everything unchanged starts nothing, and a corpus that never gave any output
does not hold back what is made of all the others: one output of each input is enough."""
