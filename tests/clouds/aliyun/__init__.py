"""Aliyun's API on loopback, written from Aliyun's documents."""
