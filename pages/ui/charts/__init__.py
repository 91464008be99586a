"""Charts by form. None knows a language: words come from the caller, accuracies in percent, effects in points."""
