"""Instructions: few-shot prompts and their encoding."""
