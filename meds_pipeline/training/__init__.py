"""From samples to a fine-tuned model: mixture, tokenizer, packing, ledger, fine-tuning."""

import os

# By default torch's threads spin while they wait for each other, and beside any other work on the same cores training
# takes six to ten times as long. OpenMP reads this when torch loads it, so it is set before anything can import torch.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
