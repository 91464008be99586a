"""What pages are made of, by the page's name."""
