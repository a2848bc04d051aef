"""What kind of cell a graph is: its gates, whether its states are linear in time, and its parameters as a formula."""

from collections import Counter

from gatebench.graph.trace import Graph

GATES = "sigmoid", "exp"
"""Operations whose values are between 0 and 1, or above 0, and so let more or less of something through."""


def gates(graph: Graph) -> int:
    """Return how many gates a cell has: sigmoids and exponentials of what it sees that something is multiplied by."""
    seen, weighing = _seeing(graph), _weighing(graph)
    return sum(node.op in GATES and i in seen and i in weighing for i, node in enumerate(graph.nodes))


def is_linear(graph: Graph) -> bool:
    """Return whether the states, given the input, are linear in the states before: then a sequence needs no loop over time.

    What a state is multiplied by may depend on the input. An output that goes into no state may be any function of them.
    """
    degrees = [0] * len(graph.nodes)
    for i, node in enumerate(graph.nodes):
        of_arguments = [degrees[a] for a in node.args]
        match node.op:
            case "state":
                degrees[i] = 1
            case "mul":
                degrees[i] = sum(of_arguments)
            case "div":
                degrees[i] = of_arguments[0] if of_arguments[1] == 0 else 2
            case "add" | "sub" | "negative" | "linear" | "transposed" | "mean":
                degrees[i] = max(of_arguments)
            case _:
                degrees[i] = 2 if any(of_arguments) else 0
    read = {graph.nodes[i].label for i in _reaching_states(graph) if graph.nodes[i].op == "state"}
    return all(degrees[update] <= 1 for state, update in zip(graph.states, graph.updates, strict=True) if state in read)


def parameter_formula(graph: Graph) -> str:
    """Return the number of recurrent parameters in letters: X inputs, H units, and the widths of the cell's own."""
    counts = Counter(tuple(sorted((x for x in shape if x != "1"), key=_rank)) for shape in graph.parameters.values())
    terms = []
    for letters, count in sorted(counts.items(), key=lambda item: (-len(item[0]), [_rank(x) for x in item[0]])):
        product = f"{letters[0]}²" if len(set(letters)) < len(letters) else " ".join(letters)
        terms.append(f"{count} {product}" if count > 1 and product else product or str(count))
    return " + ".join(terms)


def _rank(letter: str) -> tuple[int, str]:
    """Return where a width stands in a product: inputs, units, others by the alphabet."""
    return ("XH".find(letter) % 3, letter)


def _seeing(graph: Graph) -> set[int]:
    """Return the nodes that the input or a state reaches."""
    seeing: set[int] = set()
    for i, node in enumerate(graph.nodes):
        if node.op in ("input", "state") or seeing.intersection(node.args):
            seeing.add(i)
    return seeing


def _weighing(graph: Graph) -> set[int]:
    """Return the nodes that are factors of a product of vectors, themselves or by what is added to them or taken from."""
    weighing: set[int] = set()
    for i in range(len(graph.nodes) - 1, -1, -1):
        node = graph.nodes[i]
        if (node.op in ("mul", "div") and not any(graph.nodes[a].op == "constant" for a in node.args)) or (
            i in weighing and node.op in ("add", "sub", "mul", "negative", "div")
        ):
            weighing.update(node.args)
    return weighing


def _reaching_states(graph: Graph) -> set[int]:
    """Return the nodes that the next value of some state that is itself read is made of."""
    read = {node.label for node in graph.nodes if node.op == "state"}
    waiting = [update for state, update in zip(graph.states, graph.updates, strict=True) if state in read]
    reaching: set[int] = set()
    while waiting:
        i = waiting.pop()
        if i not in reaching:
            reaching.add(i)
            waiting += graph.nodes[i].args
    return reaching
