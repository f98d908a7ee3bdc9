"""How each of AWS's services pages."""

from typing import Final

from tagweave.sources.clouds import token

EC2: Final = token("NextToken", "NextToken", "MaxResults", most=1000, least=5)
ROUTE_TABLES: Final = token("NextToken", "NextToken", "MaxResults", most=100, least=5)
BALANCERS: Final = token("Marker", "NextMarker", "PageSize", most=400)
DATABASES: Final = token("Marker", "Marker", "MaxRecords", most=100, least=20)
SERVERLESS_CACHES: Final = token("NextToken", "NextToken", "MaxResults", most=50)
EKS: Final = token("nextToken", "nextToken", "maxResults", most=100)
NETWORK_MANAGER: Final = token("NextToken", "NextToken", "MaxResults", most=500)
TAGGING: Final = token("PaginationToken", "PaginationToken", "ResourcesPerPage", most=100)
ORGANIZATIONS: Final = token("NextToken", "NextToken", "MaxResults", most=20)
