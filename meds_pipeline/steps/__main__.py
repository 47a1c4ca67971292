"""`python -m meds_pipeline.steps [--lock]`: which steps' code differs from `steps.lock`; write it anew."""

import sys

from meds_pipeline.steps.lock import main

sys.exit(main(sys.argv[1:]))
