"""Calls that a program in a jail must not get through with, as data, and the program that tries them.

Promises: harmless where nothing denies them, as root too: arguments are such that a call which gets through
fails on them, or changes only the process that makes it. The program needs the standard library alone.
"""

from __future__ import annotations

import errno
import json
import platform
from dataclasses import dataclass

_X32 = 0x40000000
_AT_FDCWD = -100
_NEW = {
    "NEWNS": 0x00020000,
    "NEWCGROUP": 0x02000000,
    "NEWUTS": 0x04000000,
    "NEWIPC": 0x08000000,
    "NEWUSER": 0x10000000,
    "NEWPID": 0x20000000,
    "NEWNET": 0x40000000,
}
_SIGCHLD = 17
_HIGH = 1 << 32
"""Above what the kernel reads of an int."""

Argument = int | str
"""A number; `buffer`, `tty` or `self` (a page of zeros, an own terminal, the own process id); else a path."""


@dataclass(frozen=True)
class Call:
    """One attempt. `number` is the system call's, or `open` (path, flags) or `int80` (a 32-bit number).
    `expected` are the names of the errors that count as denied; `KILLED` is one, too."""

    name: str
    number: int | str
    arguments: tuple[Argument, ...]
    expected: frozenset[str]

    def denied(self, outcome: str) -> bool:
        """Whether the program's word on this call says that it was denied."""
        return outcome in self.expected


def calls(machine: str = "") -> tuple[Call, ...]:
    """All attempts for this machine (or for `machine`, as in uname(2))."""
    arm = (machine or platform.machine()) == "aarch64"
    rows = []
    for name, (amd64, arm64), arguments, expected in _CALLS:
        number = arm64 if arm else amd64
        if number >= 0:
            rows.append(Call(name, number, arguments, frozenset(expected.split())))
    for name, flags in (("read", 0), ("written", 1)):
        rows += [
            Call(f"{path} {name}", "open", (path, flags), frozenset(("EACCES", "EPERM", "ENOENT", "EROFS")))
            for path in (_READ if not flags else _WRITTEN)
        ]
    if not arm:
        by_name = {row.name: row for row in rows}
        rows += [
            Call(f"{name} by x32", _X32 | int(row.number), row.arguments, frozenset(("ENOSYS", "EPERM")))
            for name in ("ptrace", "mount", "unshare NEWUSER", "keyctl", "bpf")
            for row in (by_name[name],)
        ]
        rows += [
            Call(f"{name} by int 0x80", "int80", (number,), frozenset(("KILLED", "ENOSYS", "EPERM")))
            for name, number in (("getpid", 20), ("ptrace", 26), ("mount", 21), ("unshare", 310))
        ]
    return tuple(rows)


def program() -> str:
    """A Python program that tries the calls it is given on its standard input, as `request` makes it, and
    prints a JSON object: name to the name of the error, `DONE` or `KILLED`."""
    return _PROGRAM


def request(attempts: tuple[Call, ...]) -> bytes:
    """What `program` reads."""
    return json.dumps(
        {"errors": errno.errorcode, "calls": [(row.name, row.number, row.arguments) for row in attempts]}
    ).encode()


_P, _PN, _N = "EPERM", "EPERM ENOSYS", "ENOSYS EPERM"
_FAMILY, _PROTOCOL = "EAFNOSUPPORT EPERM", "EPROTONOSUPPORT EPERM EAFNOSUPPORT ESOCKTNOSUPPORT"
_CALLS: tuple[tuple[str, tuple[int, int], tuple[Argument, ...], str], ...] = (
    ("mount", (165, 40), ("none", "/nowhere", "tmpfs", 0, 0), _P),
    ("mount over /usr", (165, 40), ("none", "/usr", "assayfs", 0, 0), _P),
    ("umount", (166, 39), ("/nowhere", 0), _P),
    ("pivot_root", (155, 41), ("/nowhere", "/nowhere"), _P),
    ("chroot", (161, 51), ("/nowhere",), _P),
    ("open_tree", (428, 428), (_AT_FDCWD, "/tmp", 0), _N),
    ("move_mount", (429, 429), (-1, "/nowhere", -1, "/nowhere", 0), _N),
    ("fsopen", (430, 430), ("assayfs", 0), _N),
    ("fsconfig", (431, 431), (-1, 99, 0, 0, 0), _N),
    ("fsmount", (432, 432), (-1, 0, 0), _N),
    ("fspick", (433, 433), (_AT_FDCWD, "/nowhere", 0), _N),
    ("mount_setattr", (442, 442), (_AT_FDCWD, "/nowhere", 0, "buffer", 32), _N),
    ("open_tree_attr", (467, 467), (_AT_FDCWD, "/nowhere", 0, "buffer", 32), _N),
    ("statmount", (457, 457), ("buffer", "buffer", 1, 0), _N),
    ("listmount", (458, 458), ("buffer", "buffer", 1, 0), _N),
    ("quotactl", (179, 60), (0, "/nowhere", 0, 0), _P),
    ("quotactl_fd", (443, 443), (-1, 0, 0, 0), _P),
    ("swapon", (167, 224), ("/nowhere", 0), _P),
    ("swapoff", (168, 225), ("/nowhere",), _P),
    *((f"unshare {name}", (272, 97), (flag,), _P) for name, flag in _NEW.items()),
    ("unshare NEWTIME", (272, 97), (0x80,), _P),
    ("unshare above 32 bits", (272, 97), (_HIGH | 0x10000000,), _P),
    *((f"clone {name}", (56, 220), (flag | _SIGCHLD, 0, 0, 0, 0), _P) for name, flag in _NEW.items()),
    ("clone above 32 bits", (56, 220), (_HIGH | 0x10000000 | _SIGCHLD, 0, 0, 0, 0), _P),
    ("clone3", (435, 435), ("buffer", 88), _N),
    ("setns", (308, 268), (-1, 0), _P),
    ("sethostname", (170, 161), (1, 1 << 20), _P),
    ("setdomainname", (171, 162), (1, 1 << 20), _P),
    ("ptrace", (101, 117), (0, 0, 0, 0), _P),
    ("ptrace the first process", (101, 117), (0x4206, 1, 0, 0), _P),
    ("process_vm_readv", (310, 270), ("self", "buffer", 0, "buffer", 0, 0), _P),
    ("process_vm_writev", (311, 271), ("self", "buffer", 0, "buffer", 0, 0), _P),
    ("process_madvise", (440, 440), (-1, "buffer", 0, 0, 0), _P),
    ("process_mrelease", (448, 448), (-1, 0), _P),
    ("kcmp", (312, 272), ("self", "self", 0, 0, 0), _P),
    ("prlimit64 of the first process", (302, 261), (1, 99, "buffer", 0), _P),
    ("prlimit64 of it above 32 bits", (302, 261), (_HIGH | 1, 99, "buffer", 0), _P),
    ("pidfd_getfd", (438, 438), (-1, 0, 0), _P),
    ("move_pages", (279, 239), (0, 0, 0, 0, 0, 0), _P),
    ("migrate_pages", (256, 238), (0, 0, 0, 0), _P),
    ("bpf", (321, 280), (99, "buffer", 8), _P),
    ("perf_event_open", (298, 241), ("buffer", 0, -1, -1, 0), _P),
    ("userfaultfd", (323, 282), (1,), _N),
    ("memfd_secret", (447, 447), (0,), _N),
    ("add_key", (248, 217), (1, 1, 1, 0, -3), _P),
    ("request_key", (249, 218), (1, 1, 0, 0), _P),
    ("keyctl", (250, 219), (0, -3, 0), _P),
    ("keyctl joining a session", (250, 219), (1, 1), _P),
    ("io_uring_setup", (425, 425), (1, "buffer"), _N),
    ("io_uring_enter", (426, 426), (-1, 0, 0, 0, 0, 0), _N),
    ("io_uring_register", (427, 427), (-1, 0, 0, 0), _N),
    ("fanotify_init", (300, 262), (0, 0), _P),
    ("fanotify_mark", (301, 263), (-1, 0, 0, -1, 0), _P),
    ("lookup_dcookie", (212, 18), (0, 0, 0), _PN),
    ("vhangup", (153, 58), (), _P),
    ("modify_ldt", (154, -1), (0, "buffer", 0), _PN),
    ("uselib", (134, -1), ("/nowhere",), _N),
    ("ustat", (136, -1), (0, "buffer"), _N),
    ("sysfs", (139, -1), (3,), _N),
    ("nfsservctl", (180, 42), (0, 0, 0), _N),
    ("seccomp with a listener", (317, 277), (1, 8, 1), _P),
    ("open_by_handle_at", (304, 265), (-1, "buffer", 0), _P),
    ("name_to_handle_at", (303, 264), (_AT_FDCWD, "/", "buffer", "buffer", 0), "EOPNOTSUPP ENOTSUP EPERM"),
    ("settimeofday", (164, 170), (0, 0), _P),
    ("clock_settime", (227, 112), (0, 1), _P),
    ("adjtimex", (159, 171), ("buffer",), _P),
    ("clock_adjtime", (305, 266), (0, "buffer"), _P),
    ("init_module", (175, 105), (1, 0, 1), _P),
    ("finit_module", (313, 273), (-1, 1, 0), _P),
    ("delete_module", (176, 106), (1, 0), _P),
    ("kexec_load", (246, 104), (0, 1000, 1, 0), _PN),
    ("kexec_file_load", (320, 294), (-1, -1, 0, 0, 0xFFFF), _PN),
    ("reboot", (169, 142), (0, 0, 0, 0), _P),
    ("acct", (163, 89), (1,), _PN),
    ("syslog", (103, 116), (10, 0, 0), _P),
    ("iopl", (172, -1), (0,), _PN),
    ("ioperm", (173, -1), (0x80, 1, 0), _PN),
    ("personality READ_IMPLIES_EXEC", (135, 92), (0x0400000,), _P),
    ("personality ADDR_NO_RANDOMIZE", (135, 92), (0x0040000,), _P),
    ("personality MMAP_PAGE_ZERO", (135, 92), (0x0100000,), _P),
    ("personality PER_LINUX32", (135, 92), (0x0008,), _P),
    ("personality above 32 bits", (135, 92), (_HIGH | 0x0040000,), _P),
    ("mknodat of a character device", (259, 33), (_AT_FDCWD, "/nowhere/x", 0o020666, 0x103), _P),
    ("mknodat of a block device", (259, 33), (_AT_FDCWD, "/nowhere/x", 0o060666, 0x800), _P),
    ("mknod of a whiteout", (133, -1), ("/nowhere/x", 0o020000, 0), _P),
    ("TIOCSTI", (16, 29), ("tty", 0x5412, "buffer"), _P),
    ("TIOCSTI above 32 bits", (16, 29), ("tty", _HIGH | 0x5412, "buffer"), _P),
    ("TIOCLINUX", (16, 29), ("tty", 0x541C, "buffer"), _P),
    ("TIOCCONS", (16, 29), ("tty", 0x541D, 0), _P),
    ("TIOCSETD", (16, 29), ("tty", 0x5423, "buffer"), _P),
    ("TIOCVHANGUP", (16, 29), ("tty", 0x5437, 0), _P),
    ("TIOCSLCKTRMIOS", (16, 29), ("tty", 0x5457, "buffer"), _P),
    ("KDSKBENT", (16, 29), ("tty", 0x4B47, "buffer"), _P),
    ("VT_ACTIVATE", (16, 29), ("tty", 0x5606, 1), _P),
    ("NS_GET_USERNS", (16, 29), ("tty", 0xB701, 0), _P),
    *(
        (f"socket {name}", (41, 198), (family, kind, protocol), _FAMILY)
        for name, family, kind, protocol in (
            ("AF_AX25", 3, 2, 0),
            ("AF_IPX", 4, 2, 0),
            ("AF_APPLETALK", 5, 2, 0),
            ("AF_X25", 9, 5, 0),
            ("AF_KEY", 15, 3, 2),
            ("AF_PACKET", 17, 3, 0),
            ("AF_RDS", 21, 5, 0),
            ("AF_PPPOX", 24, 1, 0),
            ("AF_LLC", 26, 1, 0),
            ("AF_CAN", 29, 3, 1),
            ("AF_TIPC", 30, 1, 0),
            ("AF_BLUETOOTH", 31, 3, 0),
            ("AF_RXRPC", 33, 2, 2),
            ("AF_ALG", 38, 5, 0),
            ("AF_NFC", 39, 3, 0),
            ("AF_VSOCK", 40, 1, 0),
            ("AF_KCM", 41, 5, 0),
            ("AF_QIPCRTR", 42, 2, 0),
            ("AF_SMC", 43, 1, 0),
            ("AF_XDP", 44, 3, 0),
        )
    ),
    ("socket AF_VSOCK above 32 bits", (41, 198), (_HIGH | 40, 1, 0), _FAMILY),
    *(
        (f"socket netlink {name}", (41, 198), (16, 3, protocol), _PROTOCOL)
        for name, protocol in (
            ("SOCK_DIAG", 4),
            ("XFRM", 6),
            ("AUDIT", 9),
            ("NETFILTER", 12),
            ("KOBJECT", 15),
            ("GENERIC", 16),
            ("CRYPTO", 21),
        )
    ),
    *(
        (f"socket {name}", (41, 198), (2, kind, protocol), _PROTOCOL)
        for name, kind, protocol in (
            ("SOCK_RAW", 3, 255),
            ("SOCK_PACKET", 10, 3),
            ("DCCP", 6, 33),
            ("SCTP", 1, 132),
            ("SMC", 1, 256),
            ("L2TP", 2, 115),
        )
    ),
    ("socketpair AF_TIPC", (53, 199), (30, 1, 0, "buffer"), _FAMILY),
    ("a call that is newer than the list", (471, 471), (0, 0, 0), "ENOSYS"),
)
_READ = (
    "/proc/1/mem", "/proc/1/environ", "/proc/1/fd/0", "/proc/1/fd/4", "/proc/kcore", "/proc/kmsg",
    "/proc/timer_list", "/proc/sched_debug", "/proc/slabinfo", "/proc/vmallocinfo", "/dev/mem", "/dev/kmsg",
    "/dev/fuse", "/dev/kvm", "/dev/net/tun", "/dev/userfaultfd", "/dev/vsock", "/sys/kernel/security",
    "/sys/fs/cgroup", "/sys/firmware", "/run/docker.sock", "/var/run/docker.sock", "/etc/shadow", "/root",
)  # fmt: skip
_WRITTEN = (
    "/proc/self/mem", "/proc/1/mem", "/proc/1/oom_score_adj", "/proc/self/oom_score_adj",
    "/proc/self/uid_map",
    "/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname",
    "/proc/sys/vm/drop_caches", "/proc/sys/fs/binfmt_misc/register", "/etc/passwd", "/usr/bin/sh",
)  # fmt: skip

_PROGRAM = """
import ctypes, json, mmap, os, pty, sys

libc = ctypes.CDLL(None, use_errno=True)
asked = json.load(sys.stdin)
errors = {int(number): name for number, name in asked["errors"].items()}
page = ctypes.create_string_buffer(4096)


def value(argument, keep):
    if isinstance(argument, int):
        return ctypes.c_ulong(argument & (1 << 64) - 1)
    if argument == "buffer":
        return ctypes.c_ulong(ctypes.addressof(page))
    if argument == "self":
        return ctypes.c_ulong(os.getpid())
    if argument == "tty":
        keep.append(pty.openpty())
        return ctypes.c_ulong(keep[-1][1])
    keep.append(ctypes.create_string_buffer(argument.encode()))
    return ctypes.c_ulong(ctypes.addressof(keep[-1]))


def int80(number):
    code = bytes((0x53, 0xB8)) + number.to_bytes(4, "little")
    code += bytes((0x31, 0xDB, 0x31, 0xC9, 0x31, 0xD2, 0x31, 0xF6, 0x31, 0xFF, 0xCD, 0x80, 0x5B, 0xC3))
    memory = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    memory.write(code)
    result = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(memory)))()
    return -result if result < 0 else 0


def attempt(number, arguments):
    if number == "open":
        try:
            os.close(os.open(*arguments))
        except OSError as error:
            return error.errno
        return 0
    if number == "int80":
        return int80(*arguments)
    keep, parent = [], os.getpid()
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), *[value(each, keep) for each in arguments])
    if os.getpid() != parent:
        os._exit(0)
    return ctypes.get_errno() if result == -1 else 0


def tried(number, arguments):
    read_end, write_end = os.pipe()
    child = os.fork()
    if not child:
        os.setsid()
        os.write(write_end, str(attempt(number, arguments)).encode())
        os._exit(0)
    os.close(write_end)
    said = os.read(read_end, 64)
    os.close(read_end)
    status = os.waitpid(child, 0)[1]
    if not said:
        return "KILLED" if os.WIFSIGNALED(status) else "NOTHING"
    return errors.get(int(said), said.decode()) if int(said) else "DONE"


print(json.dumps({name: tried(number, arguments) for name, number, arguments in asked["calls"]}))
"""
