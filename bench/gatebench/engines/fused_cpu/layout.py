"""Code for the addresses of what a work plan stores."""

from gatebench.engines.fused_cpu.builder import Value
from gatebench.engines.fused_cpu.plan import JoinedProduct, Place, WorkPlan
from gatebench.engines.fused_cpu.tables import TableFunction


class Layout:
    """Writes addresses of what a plan stores, from entries of the tables."""

    ARRAYS = ("gates", "saved", "previous", "averaged", "fixed", "adjoints", "late")
    """Arrays that are stored in columns."""

    def __init__(self, plan: WorkPlan, panel: int, of_inputs: bool) -> None:
        """Lay out a plan for matrices packed in so many columns; with ``of_inputs`` the inputs have gradients, too."""
        self.plan, self.panel, self.of_inputs = plan, panel, of_inputs
        self.adjoints: dict[int, Place] = {}
        """Stored node of the loop -> where its gradient is summed up if further stages read it, for the rows of one step."""
        self.late: dict[int, Place] = {}
        """Stored node from before the loop -> where its gradient is summed up, for all rows."""
        self.runs = [run for stage in (*plan.before, *plan.loop) for run in stage.products]
        self.back_runs = [run for stage in (*plan.before, *plan.loop) for run in stage.back]

    def has_gradient(self, i: int) -> bool:
        """Whether the backward pass goes on to a node."""
        return self.of_inputs or self.plan.nodes[i].op != "input"

    def letters(self, array: str) -> list[str]:
        """Return the width letters of an array's columns."""
        gathered = {"adjoints": self.adjoints, "late": self.late}
        return [p.width for p in gathered[array].values()] if array in gathered else list(self.plan.columns(array))

    def row_length(self, c: TableFunction, place: Place) -> Value:
        """Write how far the rows of a place's array are apart."""
        return c.n("X") if place.array.startswith("input") else c.n(f"length {place.array}")

    def column(self, c: TableFunction, place: Place) -> Value:
        """Write the first column of a place."""
        return c.n(f"column {place.array} {len(place.behind)}") if place.behind else c.i64(0)

    def address(self, c: TableFunction, place: Place, row: Value) -> Value:
        """Write the address where a row of a place begins."""
        return c.at(c.p(place.array), c.add(c.mul(row, self.row_length(c, place)), self.column(c, place)))

    def row(self, c: TableFunction, place: Place, row: Value, first: Value) -> Value:
        """Write which row of its array is that of a row of the work, which begins at ``first``."""
        return c.sub(row, first) if place.array in ("averaged", "adjoints") else row

    def columns(self, c: TableFunction, run: JoinedProduct) -> Value:
        """Write how many columns the sums of a joined product have together."""
        total = c.i64(0)
        for p in run.products:
            total = c.add(total, c.n(self.plan.widths[p]))
        return total

    def joined_gradient(self, c: TableFunction, run: JoinedProduct) -> tuple[Value, Value]:
        """Write where the gradients of a backward run's matrices stand side by side, and how far their rows are apart."""
        lanes = c.processor.lanes
        row = c.mul(c.div(c.add(self.columns(c, run), lanes - 1), lanes), lanes)
        return c.at(c.p("gradients of matrices"), c.n(f"joined {self.back_runs.index(run)}")), row
