"""Operators between vectors and numbers, and between two vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kvmon.errors import EvaluationError
from kvmon.judge.promql.context import Context, Samples, distinct
from kvmon.judge.promql.grouping import KEPT, Signatures
from kvmon.judge.promql.labels import RESERVED, Labels, Labelset, text_of
from kvmon.judge.promql.operators import ARITHMETIC, COMPARING
from kvmon.judge.promql.plan import ScalarPlan, VectorPlan
from kvmon.judge.promql.tree import Binary, Card
from kvmon.judge.promql.work import Work, parts


def scalars(node: Binary, left: ScalarPlan, right: ScalarPlan) -> ScalarPlan:
    """Of two numbers; a comparison gives 1 or 0."""
    operation = ARITHMETIC.get(node.op)
    compare = COMPARING.get(node.op)

    def run(context: Context, now: int) -> Work[float]:
        one = yield from left.run(context, now)
        other = yield from right.run(context, now)
        return operation(one, other) if operation is not None else float(compare(one, other))  # type: ignore[misc]

    return ScalarPlan(run)


def with_scalar(node: Binary, vector: VectorPlan, scalar: ScalarPlan, *, swapped: bool) -> VectorPlan:
    """Of each sample and a number; a comparison keeps the samples it is true for, with `bool` it gives 1 or 0."""
    operation = ARITHMETIC.get(node.op)
    if operation is not None:
        each = _arithmetic(operation, swapped=swapped)
    elif node.bool:
        each = _truth(COMPARING[node.op], swapped=swapped)
    else:
        each = _filter(COMPARING[node.op], swapped=swapped)
    renamed = operation is not None or node.bool

    def run(context: Context, now: int) -> Work[Samples]:
        if swapped:
            number = yield from scalar.run(context, now)
            samples = yield from vector.run(context, now)
        else:
            samples = yield from vector.run(context, now)
            number = yield from scalar.run(context, now)
        out: Samples = []
        for part in parts(samples):
            out += each(part, number, context.unnamed)
            yield
        return out if vector.bare or not renamed or context.delayed else (yield from distinct(out))

    return VectorPlan(run, vector.bare or renamed)


Each = Callable[[Sequence[tuple[Labelset, float]], float, Callable[[Labelset], Labelset]], Samples]
"""What becomes of samples and a number; labels of another value go through the function."""


def _arithmetic(operation: Callable[[float, float], float], *, swapped: bool) -> Each:
    if swapped:
        return lambda samples, number, unnamed: [(unnamed(labels), operation(number, value)) for labels, value in samples]
    return lambda samples, number, unnamed: [(unnamed(labels), operation(value, number)) for labels, value in samples]


def _truth(compare: Callable[[float, float], bool], *, swapped: bool) -> Each:
    if swapped:
        return lambda samples, number, unnamed: [(unnamed(labels), float(compare(number, value))) for labels, value in samples]
    return lambda samples, number, unnamed: [(unnamed(labels), float(compare(value, number))) for labels, value in samples]


def _filter(compare: Callable[[float, float], bool], *, swapped: bool) -> Each:
    if swapped:
        return lambda samples, number, _: [sample for sample in samples if compare(number, sample[1])]
    return lambda samples, number, _: [sample for sample in samples if compare(sample[1], number)]


def vectors(node: Binary, left: VectorPlan, right: VectorPlan) -> VectorPlan:
    """Of two vectors, series by series."""
    signatures = Signatures(node.names, on=node.on)
    if node.op in ("and", "unless"):
        return VectorPlan(_filtered(left, right, signatures, keep=node.op == "and"), left.bare)
    if node.op == "or":
        return VectorPlan(_union(left, right, signatures))
    return VectorPlan(_matched(node, left, right, signatures), node.card is Card.ONE_TO_ONE and "__name__" not in node.names)


def _filtered(
    left: VectorPlan, right: VectorPlan, signatures: Signatures, *, keep: bool
) -> Callable[[Context, int], Work[Samples]]:
    def run(context: Context, now: int) -> Work[Samples]:
        samples = yield from left.run(context, now)
        others = yield from right.run(context, now)
        sign = signatures.of
        there = yield from _signed(others, signatures)
        out: Samples = []
        for part in parts(samples):
            out += [sample for sample in part if (sign(sample[0]) in there) is keep]
            yield
        return out

    return run


def _union(left: VectorPlan, right: VectorPlan, signatures: Signatures) -> Callable[[Context, int], Work[Samples]]:
    def run(context: Context, now: int) -> Work[Samples]:
        samples = yield from left.run(context, now)
        others = yield from right.run(context, now)
        sign = signatures.of
        there = yield from _signed(samples, signatures)
        out = samples[:]
        for part in parts(others):
            out += [sample for sample in part if sign(sample[0]) not in there]
            yield
        return out if context.delayed else (yield from distinct(out))

    return run


def _signed(samples: Samples, signatures: Signatures) -> Work[set[str]]:
    sign = signatures.of
    there: set[str] = set()
    for part in parts(samples):
        there.update([sign(labels) for labels, _ in part])
        yield
    return there


def _matched(  # noqa: C901 - one loop, as it is the one that costs
    node: Binary, left: VectorPlan, right: VectorPlan, signatures: Signatures
) -> Callable[[Context, int], Work[Samples]]:
    operation = ARITHMETIC.get(node.op)
    compare = COMPARING.get(node.op)
    swapped = node.card is Card.ONE_TO_MANY
    one_to_one = node.card is Card.ONE_TO_ONE
    labelling = {delayed: _Labelling(node, delayed=delayed) for delayed in (False, True)}

    def run(context: Context, now: int) -> Work[Samples]:
        many = yield from left.run(context, now)
        ones = yield from right.run(context, now)
        if swapped:
            many, ones = ones, many
        if not many or not ones:
            return []
        sign = signatures.of
        labelled = labelling[context.delayed]
        by_signature = yield from _unique(ones, signatures, "left" if swapped else "right")
        out: Samples = []
        seen: set[tuple[str, str] | str] = set()
        for part in parts(many):
            for labels, value in part:
                signature = sign(labels)
                one = by_signature.get(signature)
                if one is None:
                    continue
                first, second = (one[1], value) if swapped else (value, one[1])
                if operation is not None:
                    result = operation(first, second)
                else:
                    true = compare(first, second)  # type: ignore[misc]
                    if node.bool:
                        result = float(true)
                    elif true:
                        result = first
                    else:
                        continue
                merged = labelled.of(labels, one[0])
                mark = signature if one_to_one else (signature, merged.key)
                if mark in seen:
                    raise EvaluationError(EXPLICIT if one_to_one else AMBIGUOUS)
                seen.add(mark)
                out.append((merged, result))
            yield
        return out  # a signature is part of the labels: what differs in one differs in the other

    return run


EXPLICIT = "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
AMBIGUOUS = "multiple matches for labels: grouping labels must ensure unique matches"


def _unique(samples: Samples, signatures: Signatures, side: str) -> Work[dict[str, tuple[Labelset, float]]]:
    found: dict[str, tuple[Labelset, float]] = {}
    for part in parts(samples):
        for sample in part:
            signature = signatures.of(sample[0])
            if signature in found:
                raise EvaluationError(
                    f"found duplicate series for the match group {text_of(signatures.pairs(sample[0]))} on the {side} hand-side"
                    f" of the operation: [{sample[0]}, {found[signature][0]}]"
                    ";many-to-many matching not allowed: matching labels must be unique on one side"
                )
            found[signature] = sample
        yield
    return found


class _Labelling:
    """The labels of a match, remembered."""

    __slots__ = ("_include", "_known", "_nameless", "_names", "_node", "_unnamed")

    def __init__(self, node: Binary, *, delayed: bool) -> None:
        self._node = node
        self._names = frozenset(node.names)
        self._include = node.include
        self._nameless = node.bool and delayed
        self._unnamed = node.op in ARITHMETIC or (node.bool and not delayed)
        self._known: dict[Labelset | tuple[Labelset, Labelset], Labelset] = {}

    def of(self, many: Labelset, one: Labelset) -> Labelset:
        """The labels of what comes from these two."""
        key = (many, one) if self._include else many
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= KEPT:
                self._known.clear()
            found = Labelset(self._pairs(many.pairs, one))
            self._known[key] = found = found.nameless if self._nameless else found
        return found

    def _pairs(self, pairs: Labels, one: Labelset) -> Labels:
        if self._unnamed:
            pairs = tuple([pair for pair in pairs if pair[0] not in RESERVED])
        if self._node.card is Card.ONE_TO_ONE:
            on, names = self._node.on, self._names
            pairs = tuple([pair for pair in pairs if (pair[0] in names) is on])
        if self._include:
            merged = dict(pairs)
            for name in self._include:
                merged.pop(name, None)
                if value := one.get(name):
                    merged[name] = value
            pairs = tuple(sorted(merged.items()))
        return pairs
