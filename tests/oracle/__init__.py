"""What each answer must be, worked out by hand from docs/laws.md; it shares no code with what it judges."""
