"""Questions about a scenario, each answered by one function that returns a frozen result."""
