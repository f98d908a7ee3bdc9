"""How each of Aliyun's services pages.

Where an API pages by token, the token alone tells whether there is more: its `TotalCount` is then documented as
meaningless (ECS), or as the count of one answer (VPC peering, NLB).
"""

from typing import Final

from tagweave.sources.clouds import Paging, numbered, token

INSTANCES: Final = token("NextToken", "NextToken", "MaxResults", most=100)
INTERFACES: Final = token("NextToken", "NextToken", "MaxResults", most=500, least=10)
RULES: Final = token("NextToken", "NextToken", "MaxResults", most=1000, least=10)
ROUTES: Final = token("NextToken", "NextToken", "MaxResult", most=100)
TOKENS: Final = token("NextToken", "NextToken", "MaxResults", most=100)
GATEWAYS: Final = token("NextToken", "NextToken", "MaxResults", most=1000)
TAGS: Final = token("NextToken", "NextToken")

PAGES: Final = numbered("PageNumber", "PageSize", most=50, total="TotalCount")
LARGE_PAGES: Final = numbered("PageNumber", "PageSize", most=100, total="TotalCount")
RDS: Final = numbered("PageNumber", "PageSize", most=100, total="TotalRecordCount")
DRDS: Final = numbered("PageNumber", "PageSize", most=50, total="Total")
CLUSTERS: Final = numbered("page_number", "page_size", most=50, total="page_info.total_count")

_SIZES: Final = (30, 50, 100)


def _in_sizes(paging: Paging) -> Paging:
    """The same, where a page is of 30, 50 or 100 items and of no other number."""
    return paging._replace(
        first=lambda wanted: paging.first(next(size for size in _SIZES if size >= min(wanted or 100, 100)))
    )


POLARDB: Final = _in_sizes(RDS)
POLARDBX: Final = _in_sizes(numbered("PageNumber", "PageSize", most=100, total="TotalNumber"))
