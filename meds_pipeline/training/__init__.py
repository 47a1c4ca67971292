"""From samples to a fine-tuned model: mixture, tokenizer, packing, ledger, fine-tuning."""

import os

# By default torch's threads spin while they wait. If other work runs on the same cores, training then takes six to ten
# times as long. OpenMP reads this variable when torch is loaded, so it is set before anything can import torch.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
