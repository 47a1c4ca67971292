"""The `meds` command: one module a group of commands, and what they print."""
