"""Azure on loopback: Resource Manager and its token service, from Microsoft's documents."""
