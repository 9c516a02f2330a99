"""Features of a diff and a score whose every contribution is visible."""
