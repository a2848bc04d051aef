"""Arrays of NumPy between pages of memory that no program may touch: to read or write past their ends is a fault.

The process then dies of SIGSEGV at that very instruction, so this is for a child process. What was freed is unmapped, and
memory that nobody has written to holds NaN.
"""

import ctypes
import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from numpy._core import _multiarray_umath  # pyright: ignore[reportAttributeAccessIssue] - it is no Python

Side = Literal["before", "behind"]
"""Which end of an array lies at a page that must not be touched."""

PAGE = mmap.PAGESIZE
_SET_HANDLER = 304
"""The place of ``PyDataMem_SetHandler`` in NumPy's table of C functions (NEP 49)."""
_NAME = b"mem_handler"

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p
_libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
_libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
_libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]

_Malloc = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
_Calloc = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t)
_Realloc = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
_Free = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)


class _Handler(ctypes.Structure):
    """NumPy's ``PyDataMem_Handler``."""

    _fields_ = (
        ("name", ctypes.c_char * 127),
        ("version", ctypes.c_uint8),
        ("context", ctypes.c_void_p),
        ("malloc", _Malloc),
        ("calloc", _Calloc),
        ("realloc", _Realloc),
        ("free", _Free),
    )


class Guard:
    """A source of memory for NumPy; arrays of it may outlive `active`, but not the guard."""

    def __init__(self) -> None:
        self.side: Side = "behind"
        self._mapped: dict[int, tuple[int, int, int]] = {}
        """Where memory begins -> its size, and where its pages begin and how many bytes they are."""
        functions = _Malloc(self._malloc), _Calloc(self._calloc), _Realloc(self._realloc), _Free(self._free)
        self._handler = _Handler(b"guarded", 1, None, *functions)
        new_capsule = ctypes.pythonapi.PyCapsule_New
        new_capsule.restype, new_capsule.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
        self._capsule = new_capsule(ctypes.addressof(self._handler), _NAME, None)

    @contextmanager
    def active(self) -> Iterator[None]:
        """Have NumPy take memory for all arrays that this thread makes within the block from here."""
        before = _set_handler(self._capsule)
        try:
            yield
        finally:
            _set_handler(before)

    def start(self) -> None:
        """Have NumPy take memory from here for as long as this thread lives."""
        _set_handler(self._capsule)

    def _malloc(self, _context: int | None, size: int) -> int:
        at = self._calloc(None, size, 1)
        ctypes.memset(at, 0xFF, size)
        return at

    def _calloc(self, _context: int | None, count: int, size: int) -> int:
        size *= count
        inside = max(1, -(-size // PAGE)) * PAGE
        base = _libc.mmap(None, inside + 2 * PAGE, 0, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)
        assert base not in (None, ctypes.c_void_p(-1).value)
        assert _libc.mprotect(base + PAGE, inside, mmap.PROT_READ | mmap.PROT_WRITE) == 0
        at = base + PAGE + (inside - size if self.side == "behind" else 0)
        self._mapped[at] = size, base, inside + 2 * PAGE
        return at

    def _realloc(self, _context: int | None, at: int | None, size: int) -> int:
        new = self._malloc(None, size)
        if at:
            ctypes.memmove(new, at, min(size, self._mapped[at][0]))
            self._free(None, at, 0)
        return new

    def _free(self, _context: int | None, at: int | None, _size: int) -> None:
        if at:
            _, base, length = self._mapped.pop(at)
            _libc.munmap(base, length)


def _set_handler(capsule: object) -> object:
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    table = ctypes.cast(pointer(_multiarray_umath._ARRAY_API, None), ctypes.POINTER(ctypes.c_void_p))
    return ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.py_object)(table[_SET_HANDLER])(capsule)
