"""What rankings share: who took what and when, which cases share a list, the best items by score, and what fills a short list."""
