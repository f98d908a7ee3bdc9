"""Which services an end is of: by named and numbered ports, by protocol, several at once, and where there are none."""

from typing import Final

import pytest

from tagweave.model import Container, Endpoint, EndpointPort, Ingress, IngressRule, Resource, ServicePort
from tagweave.tags import TagIndex

from .estates import Held, ask, build, cluster, namespace, node, pod, service, shown, woven

SERVICE, INGRESS = "k8s.service.name", "k8s.ingress.name"
HTTP: Final = ServicePort(port=80, name="http", target_port="web")


def estate(*more: Resource | Held) -> TagIndex:
    """A pod of `app: a` that names its ports, on a node, in a cluster."""
    named = pod("front", "10.244.0.5", app="a", ports={"web": 8080, "dns": 5353})
    return build(cluster(), namespace(), node("node-1", "192.168.0.1"), named, *more)


@pytest.mark.parametrize(
    ("port", "asked", "protocol", "found"),
    [
        (ServicePort(port=80, target_port="web"), 8080, "tcp", True),
        (ServicePort(port=80, target_port="web"), 80, "tcp", False),
        (ServicePort(port=80, target_port="absent"), 80, "tcp", False),
        (ServicePort(port=80, target_port="9090"), 9090, "tcp", True),
        (ServicePort(port=80), 80, "tcp", True),
        (ServicePort(port=53, protocol="UDP", target_port="dns"), 5353, "udp", True),
        (ServicePort(port=53, protocol="UDP", target_port="dns"), 5353, "tcp", False),
        (ServicePort(port=53, protocol="UDP", target_port="dns"), 5353, "sctp", False),
    ],
)
def test_a_port_of_a_pod_is_that_of_the_service_which_targets_it(
    port: ServicePort, asked: int, protocol: str, *, found: bool
) -> None:
    index = estate(service("svc", port, app="a"))
    assert shown(ask(index, "10.244.0.5", port=asked, protocol=protocol), SERVICE) == ("svc" if found else None,)


def test_named_ports_of_every_container_count() -> None:
    two = (Container(name="main", ports={"web": 8080}), Container(name="metrics", ports={"prom": 9100}))
    index = build(
        cluster(),
        pod("front", "10.244.0.5", app="a", containers=two),
        service("main", HTTP, app="a"),
        service("metrics", ServicePort(port=9100, target_port="prom"), app="a"),
    )
    assert shown(ask(index, "10.244.0.5", port=8080), SERVICE) == ("main",)
    assert shown(ask(index, "10.244.0.5", port=9100), SERVICE) == ("metrics",)


def test_without_a_port_a_pod_is_of_all_its_services() -> None:
    index = estate(service("b", HTTP, app="a"), service("a", ServicePort(port=9), app="a"))
    assert ask(index, "10.244.0.5").tags[SERVICE] == ["b", "a"]
    assert shown(ask(index, "10.244.0.5", port=9), SERVICE) == ("a",)


def test_a_port_that_several_services_share_leads_to_all_of_them_and_never_to_one_by_chance() -> None:
    index = estate(
        service("web", HTTP, app="a"),
        service("web-headless", HTTP, app="a"),
        service("other", ServicePort(port=9), app="a"),
    )
    answer = ask(index, "10.244.0.5", port=8080)
    assert answer.tags[SERVICE] == ["web", "web-headless"]
    assert shown(answer, "tagweave.service.type", "tagweave.service.name") == ("cluster", "shop")
    assert "port 8080 is that of service web/web (k8s), service web/web-headless (k8s)" in answer.why


def test_of_services_that_share_a_port_in_turn_the_one_of_that_moment_is_meant() -> None:
    index = estate(Held(service("old", HTTP, app="a"), 0, 50), Held(service("new", HTTP, app="a"), 40))
    names = [shown(ask(index, "10.244.0.5", at=at, port=8080), SERVICE)[0] for at in (30, 45, 60)]
    assert names == ["old", "old,new", "new"]


def test_a_protocol_that_is_not_known_may_be_any_that_serves_the_port() -> None:
    index = estate(
        service("tcp", ServicePort(port=514), app="a"),
        service("udp", ServicePort(port=514, protocol="UDP"), app="a"),
        service("dns", ServicePort(port=53, protocol="UDP"), app="a"),
    )
    for port, found in ((514, "tcp,udp"), (53, "dns")):
        assert woven(index, "10.244.0.5", [SERVICE], port=port, protocol="")[1] == {SERVICE: found}


def test_a_destination_port_that_no_service_has_is_of_none_and_a_source_port_says_nothing() -> None:
    index = estate(service("svc", HTTP, app="a"))
    assert woven(index, "10.244.0.5", [SERVICE], port=40000)[1] == {}
    assert woven(index, "10.244.0.5", [SERVICE], port=40000, side="source")[1] == {SERVICE: "svc"}
    assert woven(index, "10.244.0.5", [SERVICE], port=8080, side="source")[1] == {SERVICE: "svc"}


def test_a_node_port_leads_to_its_service_on_every_node_for_its_types_alone() -> None:
    def fixed(node_port: int, protocol: str = "TCP") -> ServicePort:
        return ServicePort(port=80, protocol=protocol, node_port=node_port)

    index = estate(
        node("node-2", "192.168.0.2", "fd00::2"),
        service("np", fixed(30080), type="NodePort", app="a"),
        service("lb", fixed(30081), type="LoadBalancer", app="a"),
        service("udp", fixed(30080, "UDP"), type="NodePort", app="a"),
        service("was", fixed(30082), type="ClusterIP", app="a"),
    )
    for address in ("192.168.0.1", "192.168.0.2", "fd00::2"):
        found = [
            shown(ask(index, address, port=p, protocol=proto), SERVICE)[0]
            for p, proto in ((30080, "tcp"), (30080, "udp"), (30081, "tcp"), (30082, "tcp"), (80, "tcp"))
        ]
        assert found == ["np", "udp", "lb", None, None]
    assert shown(ask(index, "192.168.0.1", port=30080), "tagweave.service.type", "k8s.node.name") == (
        "service",
        "node-1",
    )


def test_what_a_host_network_pod_serves_is_served_at_its_nodes_address() -> None:
    agent = pod("agent", "192.168.0.1", app="agent", host_network=True, ports={"metrics": 9100})
    index = estate(agent, service("agents", ServicePort(port=80, target_port="metrics"), app="agent"))
    answer = ask(index, "192.168.0.1", port=9100)
    assert shown(answer, SERVICE, "k8s.node.name", "k8s.pod.name") == ("agents", "node-1", None)
    assert shown(ask(index, "192.168.0.1", port=9101), SERVICE) == (None,)


def test_an_address_of_a_service_is_that_service_whatever_the_port() -> None:
    index = estate(service("svc", HTTP, app="a", cluster_ips=("10.96.0.1", "fd00:96::1"), external_ips=("192.0.2.9",)))
    for address in ("10.96.0.1", "fd00:96::1", "192.0.2.9"):
        for port in (None, 80, 8080):
            assert shown(ask(index, address, port=port), SERVICE, "k8s.namespace.name") == ("svc", "web")


def test_services_behind_one_load_balancer_address_are_told_apart_by_port_and_do_not_dispute_it() -> None:
    shared = {"type": "LoadBalancer", "load_balancer_ips": ("203.0.113.1",)}
    index = estate(service("a", ServicePort(port=80), **shared), service("b", ServicePort(port=443), **shared))
    both = ask(index, "203.0.113.1")
    assert both.tags[SERVICE] == ["a", "b"]
    assert both.match is not None
    assert not both.match.disputed
    assert shown(ask(index, "203.0.113.1", port=443), SERVICE) == ("b",)


def test_a_headless_service_has_no_address_and_its_pods_are_still_of_it() -> None:
    index = estate(service("db", HTTP, app="a"))
    assert shown(ask(index, "10.244.0.5", port=8080), SERVICE) == ("db",)


def test_a_service_without_selector_is_served_by_the_pods_and_at_the_ports_that_its_endpoints_name() -> None:
    ports = (EndpointPort(name="http", port=8080), EndpointPort(name="admin", port=9000))
    chosen = (Endpoint(ip="10.244.0.5", pod="uid-front", ports=ports), Endpoint(ip="192.0.2.1", ports=ports))
    index = estate(
        pod("other", "10.244.0.6", app="a"),
        service("manual", ServicePort(port=80, name="http"), endpoints=chosen),
    )
    assert shown(ask(index, "10.244.0.5"), SERVICE) == ("manual",)
    assert shown(ask(index, "10.244.0.5", port=8080), SERVICE) == ("manual",)
    assert shown(ask(index, "10.244.0.5", port=80), SERVICE) == (None,)
    assert shown(ask(index, "10.244.0.5", port=9000), SERVICE) == (None,)
    assert shown(ask(index, "10.244.0.6"), SERVICE) == (None,)


def test_an_unready_pod_is_still_of_the_service_that_selects_it() -> None:
    index = estate(service("svc", HTTP, app="a", endpoints=()))
    assert shown(ask(index, "10.244.0.5", port=8080), SERVICE) == ("svc",)


@pytest.mark.parametrize("selector", ["", "a"])
def test_an_external_name_has_no_pods_whatever_it_selects(selector: str) -> None:
    index = estate(service("ext", HTTP, type="ExternalName", external_name="db.example.com", app=selector))
    assert shown(ask(index, "10.244.0.5"), SERVICE) == (None,)


def test_a_selector_selects_in_its_own_namespace_and_by_all_its_labels() -> None:
    index = estate(
        service("elsewhere", HTTP, app="a", namespace="other"),
        service("narrower", HTTP, selector={"app": "a", "tier": "front"}),
        service("right", HTTP, app="a"),
    )
    assert shown(ask(index, "10.244.0.5", port=8080), SERVICE) == ("right",)


def test_a_pod_is_of_a_service_for_as_long_as_its_labels_say() -> None:
    index = build(
        cluster(),
        Held(pod("front", "10.244.0.5", app="a"), 0, 50),
        Held(pod("front", "10.244.0.5", app="b"), 50),
        service("a", ServicePort(port=80), app="a"),
        service("b", ServicePort(port=80), app="b"),
    )
    assert [shown(ask(index, "10.244.0.5", at=at, port=80), SERVICE) for at in (49, 51)] == [("a",), ("b",)]


def test_an_ingress_is_that_of_the_service_which_the_port_leads_to() -> None:
    def ingress(name: str, *services: str) -> Ingress:
        rules = tuple(IngressRule(service=f"uid-{one}") for one in services)
        inside = {"cluster": "cluster-1", "namespace": "web"}
        return Ingress(source="k8s", id=f"uid-{name}", name=name, rules=rules, **inside)

    index = estate(
        service("a", ServicePort(port=1), app="a", cluster_ips=("10.96.0.1",)),
        service("b", ServicePort(port=2), app="a"),
        service("c", ServicePort(port=3), app="a"),
        ingress("to-a", "a"),
        ingress("to-both", "a", "b"),
    )
    found = [shown(ask(index, "10.244.0.5", port=port), SERVICE, INGRESS) for port in (None, 1, 2, 3, 4)]
    assert found == [
        ("a,b,c", "to-a,to-both"),
        ("a", "to-a,to-both"),
        ("b", "to-both"),
        ("c", None),
        (None, None),
    ]
    assert shown(ask(index, "10.96.0.1", port=1), INGRESS) == ("to-a,to-both",)
