"""Without an Agent: batches over HTTPS to Datadog's API, kept on disk until they are taken."""
