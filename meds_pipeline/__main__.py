"""`python -m meds_pipeline` is `meds`."""

from meds_pipeline.cli.main import main

main()
