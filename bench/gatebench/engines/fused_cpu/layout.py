"""Where the numbers of a plan live, as code."""

from gatebench.engines.fused_cpu.builder import Value
from gatebench.engines.fused_cpu.plan import JoinedProduct, Place, WorkPlan
from gatebench.engines.fused_cpu.tables import TableFunction


class Layout:
    """Addresses of what a plan stores, and names of the entries of the tables that give them."""

    ARRAYS = ("gates", "kept", "previous", "adjoints", "late")
    """All that is stored in columns."""

    def __init__(self, plan: WorkPlan, panel: int, of_inputs: bool) -> None:
        """``panel``: columns of a packed matrix that stand together. ``of_inputs``: inputs have gradients, too."""
        self.plan, self.panel, self.of_inputs = plan, panel, of_inputs
        self.adjoints: dict[int, Place] = {}
        """Stored node -> where its gradient gathers, if more than its own stage reads it: for the rows of one step, ..."""
        self.late: dict[int, Place] = {}
        """... or for all rows, of nodes that are made before the loop."""
        self.runs = [run for stage in (*plan.before, *plan.loop) for run in stage.products]
        self.back_runs = [run for stage in (*plan.before, *plan.loop) for run in stage.back]

    def wanted(self, i: int) -> bool:
        """Whether the way back goes on to a node."""
        return self.of_inputs or self.plan.nodes[i].op != "input"

    def letters(self, array: str) -> list[str]:
        """Width letters of the columns of an array."""
        gathered = {"adjoints": self.adjoints, "late": self.late}
        return [p.width for p in gathered[array].values()] if array in gathered else list(self.plan.columns(array))

    def row_length(self, c: TableFunction, place: Place) -> Value:
        """How far the rows of a place's array are apart."""
        return c.n("X") if place.array.startswith("input") else c.n(f"length {place.array}")

    def column(self, c: TableFunction, place: Place) -> Value:
        """The first column of a place."""
        return c.n(f"column {place.array} {len(place.behind)}") if place.behind else c.i64(0)

    def address(self, c: TableFunction, place: Place, row: Value) -> Value:
        """Where a row of a place begins."""
        return c.at(c.p(place.array), c.add(c.mul(row, self.row_length(c, place)), self.column(c, place)))

    def columns(self, c: TableFunction, run: JoinedProduct) -> Value:
        """Columns of a run's sums together."""
        total = c.i64(0)
        for p in run.products:
            total = c.add(total, c.n(self.plan.widths[p]))
        return total
