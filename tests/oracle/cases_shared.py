"""Addresses that services, ingresses and nodes share, and node ports: the estates of cases/kubernetes, by hand."""

from typing import Final

from .case import Case, asking, is_
from .make import cluster, ingress, namespace, node, port, service

K3S_NODE: Final = node("node-1", "192.168.1.10", name="n1", pod_cidrs=("10.42.0.0/24",))
SPACES: Final = (namespace("ns-1", "kube-system"), namespace("ns-2", "gitea"))


def traefik(*ips: str):
    return service(
        "svc-1",
        "10.43.0.7",
        name="traefik",
        namespace="kube-system",
        type="LoadBalancer",
        selector={"app": "traefik"},
        ports=(port(80, "web", name="web", node=31080),),
        load_balancer_ips=ips,
    )


def git(*ips: str):
    return service(
        "svc-2",
        "10.43.0.8",
        name="git",
        namespace="gitea",
        type="LoadBalancer",
        selector={"app": "gitea"},
        ports=(port(2222, "22", name="ssh", node=31222),),
        load_balancer_ips=ips,
    )


def controller():
    return service(
        "svc-1",
        "10.43.0.7",
        name="controller",
        namespace="edge",
        type="LoadBalancer",
        selector={"app": "nginx"},
        ports=(port(443, "443", name="https", node=31443),),
        load_balancer_ips=("203.0.113.7",),
    )


def of(service: str | None, namespace: str | None) -> dict[str, str | None]:
    return {"k8s.service.name": service, "k8s.namespace.name": namespace}


NOTHING: Final = of(None, None)

SHARED: Final = (
    Case(
        "k3slb: services on the address of a node",
        (cluster(), *SPACES, K3S_NODE, traefik("192.168.1.10"), git("192.168.1.10")),
        (
            (asking("192.168.1.10", port=80), is_("node-1", of("traefik", "kube-system"))),
            (asking("192.168.1.10", port=2222), is_("node-1", of("git", "gitea"))),
            (asking("192.168.1.10", port=10250), is_("node-1", {**NOTHING, "tagweave.instance.name": "n1"})),
            (asking("192.168.1.10", port=22), is_("node-1", NOTHING)),
            (asking("192.168.1.10", port=31080), is_("node-1", of("traefik", "kube-system"))),
            (asking("192.168.1.10", port=40000, side="source"), is_("node-1", NOTHING)),
            (asking("192.168.1.10"), is_("node-1", {**of("git,traefik", None), "tagweave.service.type": "cluster"})),
            (asking("192.168.1.10", port=80, protocol="udp"), is_("node-1", NOTHING)),
        ),
    ),
    Case(
        "metallb: two services share an address",
        (cluster(), *SPACES, traefik("192.168.1.200"), git("192.168.1.200")),
        (
            (
                asking("192.168.1.200", port=80),
                is_("svc-2", {**of("traefik", "kube-system"), "tagweave.instance.name": "traefik"}, disputed=False),
            ),
            (asking("192.168.1.200", port=2222), is_("svc-2", {**of("git", "gitea"), "tagweave.instance.name": "git"})),
            (asking("192.168.1.200"), is_("svc-2", {**of("git,traefik", None), "tagweave.service.type": "cluster"})),
            (asking("192.168.1.200", port=9), is_("svc-2", of("git,traefik", None))),
        ),
    ),
    Case(
        "sharedlb: a controller's service and two ingresses of other namespaces",
        (
            cluster(),
            controller(),
            ingress("ing-1", ips=("203.0.113.7",), name="shop", namespace="shop"),
            ingress("ing-2", ips=("203.0.113.7",), name="blog", namespace="blog"),
        ),
        (
            (
                asking("203.0.113.7", port=443),
                is_("svc-1", {**of("controller", "edge"), "k8s.ingress.name": "blog,shop"}),
            ),
            (asking("203.0.113.7"), is_("svc-1", {**of("controller", None), "k8s.ingress.name": "blog,shop"})),
        ),
    ),
    Case(
        "sharedlb2: two ingresses",
        (
            cluster(),
            ingress("ing-1", ips=("203.0.113.7",), name="shop", namespace="shop"),
            ingress("ing-2", ips=("203.0.113.7",), name="blog", namespace="blog"),
        ),
        (
            (
                asking("203.0.113.7", port=443),
                is_("ing-2", {**NOTHING, "k8s.ingress.name": "blog,shop", "k8s.cluster.uid": "c1"}, disputed=False),
            ),
            (asking("203.0.113.7"), is_("ing-2", {**NOTHING, "k8s.ingress.name": "blog,shop"})),
        ),
    ),
    Case(
        "sharedlb3: the same of one namespace",
        (
            cluster(),
            controller(),
            ingress("ing-1", ips=("203.0.113.7",), name="shop", namespace="edge"),
            ingress("ing-2", ips=("203.0.113.7",), name="blog", namespace="edge"),
        ),
        (
            (
                asking("203.0.113.7", port=443),
                is_(
                    "svc-1",
                    {
                        **of("controller", "edge"),
                        "k8s.ingress.name": "blog,shop",
                        "tagweave.instance.name": "controller",
                    },
                ),
            ),
        ),
    ),
    Case(
        "nodeport: a service by its node port has its own namespace",
        (cluster(), *SPACES, K3S_NODE, traefik(), git()),
        (
            (asking("192.168.1.10", port=31080), is_("node-1", of("traefik", "kube-system"))),
            (asking("192.168.1.10", port=31222), is_("node-1", of("git", "gitea"))),
            (asking("192.168.1.10"), is_("node-1", NOTHING)),
        ),
    ),
)
