"""From paired runs to effects with intervals, and the rules that judge them."""
