"""What people and programs said, laid out to be read: messages, values, stack traces, files sent along. Pure."""
