"""What the pages share: the frame, links, the theme, cached results, words, charts; and the parts of each page."""
