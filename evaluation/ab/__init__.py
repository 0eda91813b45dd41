"""What an A/B test in production tells, and when: pure functions from units and outcomes to a report."""
