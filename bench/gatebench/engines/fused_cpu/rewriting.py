"""A cell's graph as it is computed: what is equal to it and takes less work."""

from collections import Counter
from dataclasses import replace

from gatebench.graph.trace import Graph, Node


def with_joined_means(graph: Graph) -> Graph:
    """Return the graph with the mean of a sum in place of a sum of means that nothing else reads.

    A state reaches all of the vectors or none: otherwise less of the work could be done for all steps at once.
    """
    uses = Counter(a for node in graph.nodes for a in node.args) + Counter(graph.updates)
    nodes: list[Node] = []
    at: list[int] = []
    """Node of the graph -> the one that stands for it."""
    for node in graph.nodes:
        args = tuple(at[a] for a in node.args)
        are_means = node.op == "add" and all(uses[a] == 1 and nodes[at[a]].op == "mean" for a in node.args)
        if are_means and len({a in graph.timeless for a in node.args}) == 1:
            nodes.append(Node("add", tuple(vector for a in args for vector in nodes[a].args)))
            nodes.append(Node("mean", (len(nodes) - 1,)))
        else:
            nodes.append(replace(node, args=args))
        at.append(len(nodes) - 1)
    return _without_unread(replace(graph, nodes=tuple(nodes), updates=tuple(at[u] for u in graph.updates), names={}))


def _without_unread(graph: Graph) -> Graph:
    """Return the graph without nodes that no state's next value is made of."""
    reached = set(graph.updates)
    for i in range(len(graph.nodes) - 1, -1, -1):
        if i in reached:
            reached.update(graph.nodes[i].args)
    at = {i: number for number, i in enumerate(sorted(reached))}
    nodes = tuple(replace(graph.nodes[i], args=tuple(at[a] for a in graph.nodes[i].args)) for i in at)
    return replace(graph, nodes=nodes, updates=tuple(at[u] for u in graph.updates), names={})
