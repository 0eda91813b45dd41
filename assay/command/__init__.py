"""The commands of `assay`, one module for each group of them, and what they share: options, the client, tables."""
