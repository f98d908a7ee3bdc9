"""The service: sources followed for ever, the index kept up to date, HTTP in front."""
