"""The benchmark release: a frozen choice of items and shots."""
