"""Reading the assembly text that LLVM writes for x86 and ARM: functions, innermost loops, arithmetic, the stack."""

import re
from typing import NamedTuple

WIDTHS = {"zmm": 16, "ymm": 8, "xmm": 4}
"""Vector registers of x86 -> how many float32 numbers they hold."""
_LABEL = re.compile(r"^([A-Za-z_.$][\w.$]*):")
_JUMP = re.compile(r"^\s+(?:j\w+|b(?:\.\w+)?|cbn?z|tbn?z)\s.*?(\.L\w+)")
_OUTSIDE = re.compile(r"^\s+(?:call\w*|jmp|bl?|movabsq|adrp)\s(?:.*[\s,$])?([A-Za-z_]\w+)(?=$|,|\s|@)")
_X86 = re.compile(r"^\s+v?(f?n?m?(?:add|sub|mul|div|sqrt|rcp)\w*?)(?:\d{3})?(ps|ss)\s+(.*)")
_ARM = re.compile(r"^\s+(f(?:n?m)?(?:add|sub|mul|div|mla|mls|sqrt))\s+(.*)")


class Arithmetic(NamedTuple):
    """An instruction that computes with float32 numbers."""

    operation: str
    lanes: int
    line: str

    @property
    def is_fused(self) -> bool:
        """Whether it multiplies and adds."""
        return self.operation.startswith(("fmadd", "fnmadd", "fmsub", "fmla", "fmls"))


def functions(text: str) -> dict[str, list[str]]:
    """Name -> lines of each function, without comments."""
    bodies: dict[str, list[str]] = {}
    name = None
    for line in text.splitlines():
        label = _LABEL.match(line)
        if label and not label.group(1).startswith("."):
            name = label.group(1)
            bodies[name] = []
        elif line.startswith(".Lfunc_end"):
            name = None
        elif name:
            bodies[name].append(line)
    return bodies


def innermost_loops(lines: list[str]) -> list[list[str]]:
    """Lines of each loop of a function that has no other loop in it."""
    place: dict[str, int] = {}
    found: list[tuple[int, int]] = []
    for number, line in enumerate(lines):
        label, jump = _LABEL.match(line), _JUMP.match(line)
        if label:
            place[label.group(1)] = number
        elif jump and jump.group(1) in place:
            found.append((place[jump.group(1)], number))
    inner = [(a, b) for a, b in found if not any((a, b) != (c, d) and a <= c and d <= b for c, d in found)]
    return [lines[a : b + 1] for a, b in inner]


def arithmetic(lines: list[str]) -> list[Arithmetic]:
    """The instructions that compute with float32 numbers, and on how many at once."""
    read: list[Arithmetic] = []
    for line in lines:
        x86, arm = _X86.match(line), _ARM.match(line)
        if x86:
            operation, kind, operands = x86.groups()
            register = next((name for name in WIDTHS if name in operands), None)
            read.append(Arithmetic(operation, 1 if kind == "ss" or register is None else WIDTHS[register], line))
        elif arm:
            read.append(Arithmetic(arm.group(1), 4 if ".4s" in arm.group(2) else 1, line))
    return read


def on_the_stack(lines: list[str]) -> list[str]:
    """The instructions that read or write the stack."""
    return [line for line in lines if re.search(r"\(%rsp|\[sp", line)]


def outside(text: str) -> set[str]:
    """Names that the code calls, or takes the address of, and does not define."""
    mentioned = {match.group(1) for line in text.splitlines() if (match := _OUTSIDE.match(line))}
    return {name for name in mentioned if not re.fullmatch(r"[rxvqsdw]\d+|r[a-z]{2}|sp|lr|xzr", name)} - set(functions(text))


def has_vector(line: str) -> bool:
    """Whether an instruction names a vector register."""
    return re.search(r"%[xyz]mm|\bq\d+\b|\bv\d+\.", line) is not None


def stores_vector(line: str) -> bool:
    """Whether an instruction writes a vector to memory, all its lanes or those of a mask."""
    return re.match(r"^\s+(v?(mov|maskmov)[ua]?ps\s+%[xyz]mm.*\)|st(u?r|p)\s+q)", line) is not None
