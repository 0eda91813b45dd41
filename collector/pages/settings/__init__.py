"""Pages of settings: keys, retention, prices, redaction, limits, online scorers, alerts, audit log, health."""
