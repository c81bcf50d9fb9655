"""What the tests share: toy models and fits, toy checkpoints, Google's code as the oracle, a local server."""
