"""Frozen layers for trees: the base's checkout once, a candidate's at the cost of its difference.

Promises (invariant 7): a candidate's layer costs in proportion to its diff; so does a new base that is near
one whose checkout is cached. A layer never changes once it can be used; a candidate's layers are gone when
the store is closed, or when the process dies (invariant 10); cached ones are bounded.

Files of a checkout have a time long past that depends on the tree, a candidate's the time at which they
were written: whatever compares times (make, byte code caches) sees the candidate's files as changed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from assay.model.errors import AssayError, BadInput, Unsound
from assay.repo.repository import Repository
from assay.repo.trees import TreeDelta, delta
from assay.sandbox import prepared
from assay.sandbox.cache import LayerCache, LayerKind, Marker, short_name
from assay.sandbox.checkout import LayerWriter, write_delta, write_tree
from assay.sandbox.gitview import GitSettings, read_entries, write_common, write_own
from assay.sandbox.identity import Identity
from assay.sandbox.probe import Probe
from assay.sandbox.scratch import Area, open_area
from assay.sandbox.spec import Stack
from assay.sandbox.tree import remove_tree

_NEAR = 4
"""A tree is near a cached one when at most one in so many of its files differ."""
_NEAR_TRIES = 3
_EPOCH = 1_000_000_000
_EPOCH_SPREAD = 100_000_000


class LayerStore:
    """The layers that one transaction uses. Use as a context manager; methods block and may be called from
    any thread."""

    def __init__(
        self, cache_directory: Path, repo: Repository, identity: Identity, flavour: str = ""
    ) -> None:
        """`flavour` keeps apart what different backends prepare."""
        self._repo = repo
        self._identity = identity
        self._flavour = flavour
        self._repo_name = short_name(str(repo.common_dir))
        self._runs = cache_directory / "run"
        self._runs.mkdir(exist_ok=True)
        self._runs.chmod(0o711)
        self._cache = LayerCache(cache_directory)
        self._mutex = threading.Lock()
        self._area: Area | None = None
        self._count = 0
        self._made: dict[str, list[Path]] = {}
        self._indexes: dict[Path, dict[bytes, bytes]] = {}

    @classmethod
    def open(cls, repo: Repository, probe: Probe) -> LayerStore:
        """The store that fits what `probe` found."""
        return cls(probe.cache, repo, probe.identity, probe.isolation.backend)

    def __enter__(self) -> LayerStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def base(self, tree: str) -> Stack:
        """The layers of a tree, kept for later runs. Raises BadInput for a tree that cannot be checked out,
        Unsound where the disk refuses."""
        with _explained():
            name = self._name("tree", tree)
            if (layer := self._cache.get(name)) is not None:
                return Stack(layers=(layer,), tree=tree)
            delta_name = self._name("delta", tree)
            for below, marker in self._near():
                if (stack := self._base_over(below, marker, delta_name, tree)) is not None:
                    return stack
            layer = self._cache.make(name, lambda path: self._check_out(path, tree))
            self._cache.trim()
            return Stack(layers=(layer,), tree=tree)

    def over(self, stack: Stack, old_tree: str, new_tree: str) -> Stack:
        """`stack`, whose tree is `old_tree`, with one more layer that makes it `new_tree`: O(diff). The layer
        lives until it is dropped. Raises like `base`."""
        with _explained():
            change = delta(self._repo, old_tree, new_tree)
            layer = self._fresh(new_tree, lambda writer: write_delta(self._repo, change, writer))
            return Stack(layers=(*stack.layers, layer), tree=new_tree)

    def git_view(self, base: Stack, stack: Stack, settings: GitSettings) -> tuple[Path, ...]:
        """The layers that, on top of all others, show `stack` as a repository of one commit. `base` is its
        base's checkout, which it is itself or is one `over` away from. Raises like `base`; they live as long
        as what `over` makes."""
        with _explained():
            common = self._git_common(base)
            with self._mutex:
                entries = self._indexes.get(common)
            if entries is None:
                entries = read_entries(common)
                with self._mutex:
                    self._indexes[common] = entries

            def write(writer: LayerWriter) -> None:
                write_own(self._repo, entries, base.tree, stack.tree, stack.layers[-1:], settings, writer)

            return (common, self._fresh(stack.tree, write))

    def drop(self, tree: str) -> None:
        """Remove the layers that `over` and `git_view` made for `tree`. Nothing may use them any more."""
        with self._mutex:
            layers = self._made.pop(tree, [])
        for layer in layers:
            remove_tree(layer)

    def release(self, stack: Stack) -> None:
        """`drop` for the tree of a stack."""
        self.drop(stack.tree)

    def known(self, key: str) -> Path | None:
        """The prepared layer of this key, if it is cached."""
        return self._cache.get(self._name("prepared", key))

    def hides(self, layer: Path, tree: str) -> bool:
        """Whether a prepared layer, which was made on another tree, has something in the place of a part of
        `tree`."""
        return prepared.hides(self._repo, tree, layer)

    @contextmanager
    def building(self, key: str) -> Iterator[Path]:
        """A path for `JailCommand.writes`, to be handed to `adopt` before the context ends."""
        with self._cache.building(self._name("prepared", key)) as path:
            yield path

    def adopt(self, tree: str, key: str, directory: Path) -> Path:
        """What a prepare step on `tree` added in `directory`, as a layer that is cached under `key`."""
        with _explained():
            prepared.strip(self._repo, tree, directory)
            marker = Marker(kind=LayerKind.PREPARED, repo=self._repo_name, tree=tree)
            layer = self._cache.adopt(self._name("prepared", key), directory, marker)
            self._cache.trim()
            return layer

    def close(self) -> None:
        """Remove every candidate's layer and let go of the cached ones. Idempotent."""
        with self._mutex:
            area, self._area = self._area, None
            self._made.clear()
        if area is not None:
            area.close()
        self._cache.close()

    def _fresh(self, tree: str, write: Callable[[LayerWriter], None]) -> Path:
        """A new layer of this run's own, which goes with `tree`."""
        with self._mutex:
            if self._area is None:
                self._area = open_area(self._runs)
            self._count += 1
            layer = self._area.path / format(self._count, "x")
        layer.mkdir(mode=0o755)
        try:
            with LayerWriter(str(layer), self._identity) as writer:
                write(writer)
        except BaseException:
            remove_tree(layer)
            raise
        with self._mutex:
            self._made.setdefault(tree, []).append(layer)
        return layer

    def _git_common(self, base: Stack) -> Path:
        """What all views near a base share, kept for later runs. Layers' names say which times files have."""

        def fill(path: Path) -> Marker:
            with LayerWriter(str(path), self._identity) as writer:
                write_common(self._repo, base.tree, base.layers, writer)
            return Marker(kind=LayerKind.GIT, repo=self._repo_name, tree=base.tree)

        layer = self._cache.make(
            self._name("git", "\0".join((base.tree, *(path.name for path in base.layers)))), fill
        )
        self._cache.trim()
        return layer

    def _name(self, kind: str, key: str) -> str:
        return short_name(
            kind, key, self._repo_name, str(self._identity.uid), str(self._identity.gid), self._flavour
        )

    def _near(self) -> Iterator[tuple[str, Marker]]:
        """Cached checkouts of this repository whose trees are still there, last used first."""
        tries = 0
        for name, marker in self._cache.markers():
            if marker.kind is LayerKind.FULL and marker.repo == self._repo_name:
                if name == self._name("tree", marker.tree) and self._repo.has(marker.tree):
                    yield name, marker
                tries += 1
                if tries == _NEAR_TRIES:
                    return

    def _base_over(self, below: str, marker: Marker, name: str, tree: str) -> Stack | None:
        try:
            change = delta(self._repo, marker.tree, tree)
        except BadInput:
            return None  # parts of the old tree have been pruned since
        if (len(change.writes) + len(change.deletions)) * _NEAR > marker.files:
            return None
        bottom = self._cache.get(below)
        if bottom is None:
            return None
        top = self._cache.make(
            short_name(name, below), lambda path: self._check_out_delta(path, change, tree, below)
        )
        return Stack(layers=(bottom, top), tree=tree)

    def _check_out(self, path: Path, tree: str) -> Marker:
        with LayerWriter(str(path), self._identity, _past(tree)) as writer:
            files = write_tree(self._repo, tree, writer)
        return Marker(kind=LayerKind.FULL, repo=self._repo_name, tree=tree, files=files)

    def _check_out_delta(self, path: Path, change: TreeDelta, tree: str, below: str) -> Marker:
        # Later than any checkout's time, so that what differs from the layer below is newer than it.
        with LayerWriter(str(path), self._identity, _past(tree) + _EPOCH_SPREAD) as writer:
            write_delta(self._repo, change, writer)
        return Marker(kind=LayerKind.DELTA, repo=self._repo_name, tree=tree, below=below)


def _past(tree: str) -> int:
    return _EPOCH + int(tree[:12], 16) % _EPOCH_SPREAD


@contextmanager
def _explained() -> Iterator[None]:
    """Trouble of the disk, as a sentence."""
    try:
        yield
    except AssayError:
        raise
    except OSError as error:
        raise Unsound(
            f"a layer could not be written ({error})",
            where="cache",
            fix="make room, or set ASSAY_CACHE_DIR to another place",
        ) from error
