"""`tagweave run`, in this process and in one of its own."""
