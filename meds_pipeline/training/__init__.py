"""From samples to a fine-tuned model: tokenizer, packing, ledger, fine-tuning."""
