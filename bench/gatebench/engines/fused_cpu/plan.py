"""From a cell's graph to an order of work: matrix products and elementwise stages, and where their numbers live.

Rows of all arrays are time steps of sequences, packed: all sequences' first steps, then those sequences' second steps that
have one, and so on. One step of the loop over time works on the rows of one time step.

- **gates** ``[N, .]``: columns for every *sum*, ``W x_t + U h + b``, into which its products accumulate. The nonlinearity
  that a sum feeds (and nothing else reads) overwrites it, and in the backward pass the gradient of the sum overwrites that.
  So what the weight gradients are made of is there without another pass.
- **saved** ``[N, .]``: other activations that the backward pass needs, and those that a product reads, such as ``r * h``.
- **previous** ``[N, .]``: the states that each row started from.
- **averaged** ``[n, .]``: what means alone read, and the way back does not: for the rows of the work at hand.
- **fixed** ``[1, .]``: what is made of parameters alone, which is computed once.

What is cheap (sums, differences, products) is computed again in the backward pass rather than saved. A mean, and what is
made of means alone, is one number a row, and takes one column.
"""

from dataclasses import dataclass, field

from gatebench.engines.fused_cpu.rewriting import with_joined_means
from gatebench.graph.operations import OPERATIONS
from gatebench.graph.trace import Graph, Node


@dataclass(frozen=True)
class Place:
    """Some columns of an array: those behind columns of the given widths."""

    array: str
    """One of those above, or ``input<shift>``; for gradients also ``adjoints`` and ``late`` (`Layout`)."""
    behind: tuple[str, ...]
    """Width letters of the columns to the left."""
    width: str
    """Width letter of the columns themselves."""


@dataclass
class Sum:
    """A node that matrix products add up to, with its columns of ``gates``."""

    node: int
    products: list[int]
    """The linear nodes that are added."""
    rows: list[int]
    """Rows of parameters (biases), with which the sum starts."""
    rest: list[int]
    """Other addends, which are computed elementwise."""
    place: Place


@dataclass
class JoinedProduct:
    """Products with one vector whose sums stand side by side: one matrix product."""

    vector: int
    """The node that is multiplied."""
    products: list[int]
    """The linear nodes whose products are joined."""
    starts: bool = True
    """Whether it is the first product that goes into its sums."""


@dataclass
class Stage:
    """Work of one level: first products and means, then what is elementwise."""

    products: list[JoinedProduct] = field(default_factory=list)
    """Products of the forward pass."""
    back: list[JoinedProduct] = field(default_factory=list)
    """Products of the backward pass: those of the forward pass, joined without regard to which of them starts a sum."""
    means: list[int] = field(default_factory=list)
    """Nodes that are means of vectors."""
    computes: list[int] = field(default_factory=list)
    """Nodes whose value is computed elementwise and stored here."""
    owns: list[int] = field(default_factory=list)
    """Sums and stored nodes of this level, where the backward pass through this stage begins."""


class WorkPlan:
    """The order of work of one graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = with_joined_means(graph)
        self.nodes: tuple[Node, ...] = self.graph.nodes
        self.users = self._users()
        self.widths = self._widths()
        self.level = self._levels()
        self.sums: dict[int, Sum] = {}
        self.part_of: dict[int, Sum] = {}
        """Linear node -> the sum that it goes into."""
        self.places: dict[int, Place] = {}
        """Node -> where its value is stored."""
        self.parametric = self._parametric()
        """Elementwise nodes that are made of parameters and numbers alone."""
        self.fixed: dict[int, Place] = {}
        """Those of them that others read, and single numbers, as rows -> where their values are stored."""
        self._find_fixed()
        self.uniform = self._uniform()
        """Means that no product, mean or state needs whole, and what is made of them alone: the same in all columns."""
        self._find_sums()
        self._find_saved()
        self.before = self._stages(timeless=True)
        self.loop = self._stages(timeless=False)

    def timeless(self, i: int) -> bool:
        """Whether no state reaches the node."""
        return i in self.graph.timeless

    def multiplies(self, i: int) -> bool:
        """Whether the node is the product of a matrix, or of its transpose, with a vector."""
        return OPERATIONS[self.nodes[i].op].is_product

    def columns(self, array: str) -> tuple[str, ...]:
        """Return the width letters of an array's columns."""
        if array == "previous":
            return tuple(self.graph.states.values())
        places = (*self.places.values(), *self.fixed.values())
        placed = {place.behind: place.width for place in places if place.array == array}
        if array == "gates":
            placed |= {s.place.behind: s.place.width for s in self.sums.values()}
        return tuple(placed[behind] for behind in sorted(placed, key=len))

    def state(self, label: str) -> Place:
        """Return where a state's previous value stands."""
        names = list(self.graph.states)
        return Place("previous", tuple(self.graph.states[n] for n in names[: names.index(label)]), self.graph.states[label])

    def reads(self, computed: set[int]) -> set[int]:
        """Return the nodes that some nodes are computed from elementwise, down to what is stored elsewhere."""
        reads: set[int] = set()
        waiting = sorted(computed)
        while waiting:
            i = waiting.pop()
            args = self.sums[i].rest if i in self.sums else self.nodes[i].args
            for a in set(args) - reads - computed:
                reads.add(a)
                if a not in self.places and a not in self.fixed:
                    waiting.append(a)
        return reads

    def _users(self) -> list[list[int]]:
        """Return for every node the nodes that it is an argument of."""
        users: list[list[int]] = [[] for _ in self.nodes]
        for i, node in enumerate(self.nodes):
            for a in node.args:
                users[a].append(i)
        return users

    def _widths(self) -> list[str]:
        """Return the width letter of every node; elementwise nodes take that of their arguments."""
        parameters, widths = self.graph.parameters, [""] * len(self.nodes)
        for i, node in enumerate(self.nodes):
            if node.op == "input":
                widths[i] = "X"
            elif node.op == "state":
                widths[i] = self.graph.states[node.label]
            elif node.op in {"linear", "row", "transposed"}:
                widths[i] = parameters[node.label][node.op != "transposed"]
            elif node.op != "scalar":
                widths[i] = next((widths[a] for a in node.args if widths[a]), "")
        for i in range(len(self.nodes) - 1, -1, -1):  # what is made of single numbers alone is as wide as what reads it
            for a in self.nodes[i].args:
                widths[a] = widths[a] or widths[i]
        return widths

    def _levels(self) -> list[int]:
        """Return for every node how many products and means come one after another before it, in its part of the work."""
        levels: list[int] = []
        for i, node in enumerate(self.nodes):
            same = [levels[a] for a in node.args if self.timeless(a) == self.timeless(i)]
            levels.append(max(same, default=0) + ((self.multiplies(i) or node.op == "mean") and bool(same)))
        return levels

    def _parametric(self) -> set[int]:
        """Return the elementwise nodes of parameters and numbers alone that no product or mean reads and no state is."""
        alone: set[int] = set()
        for i, node in enumerate(self.nodes):
            is_read_whole = self._multiplied(i) or self._averaged(i) or i in self.graph.updates
            leaves = all(a in alone or self.nodes[a].op in ("row", "scalar", "constant") for a in node.args)
            if OPERATIONS[node.op].is_elementwise and leaves and not is_read_whole:
                alone.add(i)
        return alone

    def _uniform(self) -> set[int]:
        """Return the nodes of which a row has one number for all columns; single parameters stand in rows as others do."""
        uniform: set[int] = set()
        for i, node in enumerate(self.nodes):
            is_read_whole = self._multiplied(i) or self._averaged(i) or i in self.graph.updates
            of_means = any(a in uniform for a in node.args)
            leaves = all(a in uniform or self.nodes[a].op == "constant" for a in node.args)
            if not is_read_whole and (node.op == "mean" or (OPERATIONS[node.op].is_elementwise and of_means and leaves)):
                uniform.add(i)
        return uniform

    def _find_fixed(self) -> None:
        """Find the places of single numbers, and of what is made of parameters alone and read by something else."""
        for i, node in enumerate(self.nodes):
            read = i in self.parametric and any(u not in self.parametric for u in self.users[i])
            if read or node.op == "scalar":
                self.fixed[i] = Place("fixed", tuple(place.width for place in self.fixed.values()), self.widths[i])

    def _find_sums(self) -> None:
        """Find the sums of products, with their places and those of what overwrites them."""
        for i, node in enumerate(self.nodes):
            absorbed = [a for a in node.args if node.op == "add" and self._absorbed(a)]
            if not absorbed and not (self.multiplies(i) and not self._absorbed(i)):
                continue
            rows = [a for a in node.args if node.op == "add" and self.nodes[a].op == "row"]
            rest = [a for a in node.args if a not in absorbed and a not in rows] if node.op == "add" else []
            behind = tuple(s.place.width for s in self.sums.values())
            overwritten = len(self.users[i]) == 1 and i not in self.graph.updates
            user = self.users[i][0] if overwritten else i
            holds = user if self._overwrites(user) and self.timeless(user) == self.timeless(i) else i
            place = Place("gates", behind, self.widths[i])
            self.sums[i] = Sum(i, absorbed or [i], rows, rest, place)
            self.part_of |= dict.fromkeys(self.sums[i].products, self.sums[i])
            if not self._multiplied(holds):
                self.places[holds] = place

    def _absorbed(self, i: int) -> bool:
        """Whether a linear node is just an addend of one sum."""
        users = self.users[i]
        alone = len(users) == 1 and i not in self.graph.updates
        return self.multiplies(i) and alone and self.nodes[users[0]].op == "add"

    def _overwrites(self, i: int) -> bool:
        """Whether a node's value may take its argument's place: the way back reads the value, and the argument no more."""
        operation = OPERATIONS[self.nodes[i].op]
        return operation.arguments == 1 and operation.reads_value and not operation.reads_arguments

    def _multiplied(self, i: int) -> bool:
        """Whether a product reads the node: the gradient of its matrix still needs it when its sum's columns are gone."""
        return any(self.multiplies(u) for u in self.users[i])

    def _averaged(self, i: int) -> bool:
        """Whether it is read by a mean, for which all of its columns must stand there."""
        return any(self.nodes[u].op == "mean" for u in self.users[i])

    def _find_saved(self) -> None:
        """Find the places of all other stored values."""
        for i, node in enumerate(self.nodes):
            if node.op == "state":
                self.places[i] = self.state(node.label)
            elif node.op == "input":
                self.places[i] = Place(f"input{node.label or 0}", (), "X")
            whole = self._multiplied(i) or self._averaged(i)
            crosses = self.timeless(i) and any(not self.timeless(u) for u in self.users[i])
            operation = OPERATIONS[node.op]
            is_computed = operation.is_elementwise or i in self.sums
            read_later = operation.reads_value or (is_computed and (whole or crosses)) or i in self.graph.updates
            if (read_later or node.op == "mean") and i not in self.places and i not in self.parametric:
                array = "averaged" if self._is_only_averaged(i) else "saved"
                self.places[i] = Place(array, self.columns(array), "1" if i in self.uniform else self.widths[i])

    def _is_only_averaged(self, i: int) -> bool:
        """Whether means read an elementwise node, and neither anything else nor the way back does."""
        operation, by_means = OPERATIONS[self.nodes[i].op], all(self.nodes[u].op == "mean" for u in self.users[i])
        of_one_part = all(self.timeless(u) == self.timeless(i) for u in self.users[i])
        is_needed = operation.reads_value or i in self.sums or i in self.graph.updates
        return operation.is_elementwise and by_means and of_one_part and not is_needed

    def _stages(self, timeless: bool) -> list[Stage]:
        """Return the stages before the loop over time (``timeless``), or those of a step of the loop."""
        nodes = [i for i in range(len(self.nodes)) if self.timeless(i) == timeless]
        stages = [Stage() for _ in range(max((self.level[i] for i in nodes), default=0) + 1)]
        for i in nodes:
            node, stage = self.nodes[i], stages[self.level[i]]
            holder = self.sums.get(i)
            if node.op == "mean":
                stage.means.append(i)
            elif holder or (OPERATIONS[node.op].is_elementwise and i in self.places):
                stage.owns.append(i)
                place = self.places.get(i)
                is_there = place is None or (holder is not None and place.array == "gates" and not holder.rest)
                if not is_there:
                    stage.computes.append(i)
        for stage in stages:
            products = [i for i in nodes if self.multiplies(i) and stages[self.level[i]] is stage]
            stage.back = self._joined(products, set())
            started = {s.node for s in self.sums.values() if any(self._earlier(p, products, timeless) for p in s.products)}
            stage.products = self._joined(products, started)
        return stages

    def _earlier(self, product: int, products: list[int], timeless: bool) -> bool:
        """Whether a product is made before those of one stage."""
        if self.timeless(product) != timeless:
            return self.timeless(product)
        return self.level[product] < self.level[products[0]] if products else False

    def _joined(self, products: list[int], started: set[int]) -> list[JoinedProduct]:
        """Join products with one vector whose sums are neighbours and alike in whether the product starts them."""
        order = list(self.sums)
        joined: list[JoinedProduct] = []
        starting = set(self.sums) - started
        for vector in dict.fromkeys(self.nodes[p].args[0] for p in products):
            with_vector = [p for p in products if self.nodes[p].args[0] == vector]
            column = -2
            last = None
            for p in sorted(with_vector, key=lambda p: order.index(self.part_of[p].node)):
                node = self.part_of[p].node
                starts = node in starting
                starting.discard(node)
                if joined and last == vector and order.index(node) == column + 1 and joined[-1].starts == starts:
                    joined[-1].products.append(p)
                else:
                    joined.append(JoinedProduct(vector, [p], starts))
                column, last = order.index(node), vector
        return joined
