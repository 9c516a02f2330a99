"""The system calls that the jails' list names: their numbers, and the arguments that it looks at.

Promises: data alone. The names are those of Kafel, which differ from the kernel's headers in two: `umount`
is umount2(2) and `sysctl` is _sysctl(2).
"""

from __future__ import annotations

from collections.abc import Mapping

from assay.model.candidate import Record

MACHINES = ("x86_64", "aarch64")
"""What there are numbers for, as in uname(2)."""


class Argument(Record, frozen=True, kw_only=True):
    """One argument of a call: its place from 0, and of how many bits it is. The kernel reads no more."""

    place: int
    bits: int


def number(call: str, machine: str) -> int | None:
    """The number of a call, None where `machine` never had it. Raises KeyError for an unknown name."""
    return _NUMBERS[call][MACHINES.index(machine)]


def arguments(call: str) -> Mapping[str, Argument]:
    """The arguments by which the list tells one use of a call from another; the same on every machine."""
    return _ARGUMENTS.get(call, {})


def names() -> tuple[str, ...]:
    """Every call of the table."""
    return tuple(_NUMBERS)


_NUMBERS: dict[str, tuple[int, int | None]] = {
    "acct": (163, 89),
    "add_key": (248, 217),
    "adjtimex": (159, 171),
    "bpf": (321, 280),
    "chroot": (161, 51),
    "clock_adjtime": (305, 266),
    "clock_settime": (227, 112),
    "clone": (56, 220),
    "clone3": (435, 435),
    "create_module": (174, None),
    "delete_module": (176, 106),
    "fanotify_init": (300, 262),
    "fanotify_mark": (301, 263),
    "finit_module": (313, 273),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fsopen": (430, 430),
    "fspick": (433, 433),
    "get_kernel_syms": (177, None),
    "init_module": (175, 105),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "io_uring_setup": (425, 425),
    "ioctl": (16, 29),
    "ioperm": (173, None),
    "iopl": (172, None),
    "kcmp": (312, 272),
    "kexec_file_load": (320, 294),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "listmount": (458, 458),
    "lookup_dcookie": (212, 18),
    "memfd_secret": (447, 447),
    "migrate_pages": (256, 238),
    "mknod": (133, None),
    "mknodat": (259, 33),
    "modify_ldt": (154, None),
    "mount": (165, 40),
    "mount_setattr": (442, 442),
    "move_mount": (429, 429),
    "move_pages": (279, 239),
    "name_to_handle_at": (303, 264),
    "nfsservctl": (180, 42),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "open_tree_attr": (467, 467),
    "perf_event_open": (298, 241),
    "personality": (135, 92),
    "pidfd_getfd": (438, 438),
    "pivot_root": (155, 41),
    "prlimit64": (302, 261),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "query_module": (178, None),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "reboot": (169, 142),
    "request_key": (249, 218),
    "seccomp": (317, 277),
    "setdomainname": (171, 162),
    "sethostname": (170, 161),
    "setns": (308, 268),
    "settimeofday": (164, 170),
    "socket": (41, 198),
    "socketpair": (53, 199),
    "statmount": (457, 457),
    "swapoff": (168, 225),
    "swapon": (167, 224),
    "sysctl": (156, None),
    "sysfs": (139, None),
    "syslog": (103, 116),
    "umount": (166, 39),
    "unshare": (272, 97),
    "uselib": (134, None),
    "userfaultfd": (323, 282),
    "ustat": (136, None),
    "vhangup": (153, 58),
}


def _ints(*places: str) -> dict[str, Argument]:
    return {name: Argument(place=place, bits=32) for place, name in enumerate(places)}


# A mode is of 16 bits; it is told apart as an int, which is what Kafel does with it.
_ARGUMENTS: dict[str, dict[str, Argument]] = {
    "clone": {"clone_flags": Argument(place=0, bits=64)},
    "ioctl": _ints("fd", "cmd"),
    "mknod": {"mode": Argument(place=1, bits=32)},
    "mknodat": {"mode": Argument(place=2, bits=32)},
    "personality": _ints("personality"),
    "prlimit64": {**_ints("pid", "resource"), "new_rlim": Argument(place=2, bits=64)},
    "seccomp": _ints("op", "flags"),
    "socket": _ints("family", "type", "protocol"),
    "socketpair": _ints("family", "type", "protocol"),
}
