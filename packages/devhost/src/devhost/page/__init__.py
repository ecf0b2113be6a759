"""The page at /devhost: instances, their timelines and entities, as plain HTML that needs no script."""
