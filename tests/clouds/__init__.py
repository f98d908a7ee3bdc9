"""Every cloud by one suite: servers, rigs, conformance."""
