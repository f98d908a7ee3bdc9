"""Items as the wire has them.

Each function fills in what the API's reference lists and the estate does not care about.
"""
