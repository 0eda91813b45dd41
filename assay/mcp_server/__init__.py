"""What agents read Assay with: an MCP server over the collector's HTTP API. It reads, and changes nothing."""
