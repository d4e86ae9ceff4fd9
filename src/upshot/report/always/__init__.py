"""What every report shows, made from what was recorded: one file a subject, each a function from a past run to its entries."""
