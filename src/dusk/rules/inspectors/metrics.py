"""Scores that stand in names, such as ``epoch=3-val_loss=0.21``: which checkpoint they call the best."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

_FLOAT = rb"(-?\d+\.\d+(?:[eE][-+]?\d+)?)(?!\d)"
_ASSIGNED = re.compile(rb"([A-Za-z][\w/@-]*)=" + _FLOAT)
_WORDS = re.compile(
    rb"(?<![A-Za-z])((?:(?:val|valid|validation|test|train|dev|eval|avg|mean)[_-]?)?"
    rb"(?:loss|acc|accuracy|err|error|f1|auc|mAP|iou|miou|bleu|rouge|score|reward|wer|cer|ppl|perplexity|mae|mse|"
    rb"rmse|psnr|ssim|fid|dice|cider|metric))[_:-]?" + _FLOAT,
    re.IGNORECASE,
)
_BARE = re.compile(rb"(?<=[_-])" + _FLOAT + rb"(?=[._-]|\Z)")
_NAMELESS = "the number in its name"  # a score of which nobody knows whether more is better
_COUNTERS = re.compile(
    rb"(epoch|step|steps|iter|iteration|samples|consumed_samples|global_step|lr|v|version|time|hours|tokens|"
    rb"seed|size|px|gb)\Z",
    re.IGNORECASE,
)
_SMALLER = re.compile(
    r"loss|err|mae|mse|rmse|mape|wer|cer|ppl|perplex|fid|nll|bpb|bpc|dist|eer|regret|latency|cost|energy|kl",
    re.IGNORECASE,
)
_BIGGER = re.compile(
    r"acc|f1|auc|map|iou|bleu|rouge|score|reward|return|dice|psnr|ssim|r2|prec|recall|top\d|pck|mrr|ndcg|"
    r"success|corr|pearson|spearman|kappa|miou|fitness|win|elo|cider|meteor",
    re.IGNORECASE,
)


def scores_in(name: bytes) -> dict[str, float]:
    """Return the scores that a name holds, by the name of the metric."""
    for pattern in (_ASSIGNED, _WORDS):
        found = {
            metric.lstrip(b"-_").decode("ascii", "replace"): float(value)
            for metric, value in pattern.findall(name)
            if not _COUNTERS.search(metric)
        }
        if found:
            return found
    bare = _BARE.findall(name)
    return {_NAMELESS: float(bare[-1])} if bare else {}


def is_metric(name: str) -> bool:
    """Return whether a name is that of a score with a known direction."""
    return bool(_SMALLER.search(name)) != bool(_BIGGER.search(name))


def best_by_scores(scores: Mapping[int, Mapping[str, float]]) -> dict[int, str]:
    """Return the entries that some metric calls the best, each with the sentence's end.

    A loss is best when it is smallest, an accuracy when it is biggest; of a metric that neither is known of,
    both ends count as the best.
    """
    best: dict[int, str] = {}
    metrics = dict.fromkeys(metric for found in scores.values() for metric in found)
    for metric in metrics:
        values = {entry: found[metric] for entry, found in scores.items() if metric in found}
        if len(values) < 2 or len({*values.values()}) < 2:
            continue
        for choose in _ends(metric):
            # Of equals all are the best: which one the tool took is not to be seen.
            wanted = choose(values.values())
            for entry, value in values.items():
                if value == wanted:
                    best.setdefault(entry, f"it is the best one ({metric} {value:.4g})")
    return best


def _ends(metric: str) -> tuple[Callable[[Iterable[float]], float], ...]:
    if metric == _NAMELESS:
        return (min, max)
    if _SMALLER.search(metric) and not _BIGGER.search(metric):
        return (min,)
    if _BIGGER.search(metric) and not _SMALLER.search(metric):
        return (max,)
    return (min, max)
