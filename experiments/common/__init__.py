"""What experiments share: their settings, models, statistics, verdicts and figures."""
