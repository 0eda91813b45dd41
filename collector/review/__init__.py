"""Human review: queues of traces, spans and rows of experiments that people label."""
