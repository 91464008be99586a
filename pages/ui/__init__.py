"""What the pages share: words, theme, charts, links, cached loaders."""
