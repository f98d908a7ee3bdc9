"""Kubernetes: objects, and how they become the model."""
