"""Which steps Orbax keeps: random histories of steps and metrics, and a few cases in which we differ on purpose.

    python interop/orbax_side.py FILE --count N --managed N --seed S

Writes JSON to FILE: for each history the rules, the steps with their metrics, and what Orbax kept after each save. Most
histories go through Orbax's preservation policies, applied after each save as its manager does; `managed` of them go
through its `CheckpointManager`, which saves and deletes on a disk.
"""

import argparse
import json
import logging
import os
import random
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

os.environ.setdefault("JAX_PLATFORMS", "cpu")
logging.disable(logging.WARNING)

import orbax.checkpoint as ocp  # noqa: E402
from orbax.checkpoint import checkpoint_managers as managers  # noqa: E402

EPOCH = datetime(2026, 1, 1, tzinfo=timezone.utc)


@dataclass
class Info:
    step: int
    metrics: dict | None
    time: datetime


def policy_of(rules):
    """Our rules as Orbax's policies; the newest is always kept, as we do."""
    policies = [managers.LatestN(rules.get("last", 1))]
    if "every" in rules:
        policies.append(managers.EveryNSteps(rules["every"]))
    if "best" in rules:
        best = rules["best"]
        policies.append(
            managers.BestN(
                get_metric_fn=lambda metrics: metrics["m"],
                reverse=best["mode"] == "min",
                n=best["count"],
                keep_checkpoints_without_metrics=False,
            )
        )
    return managers.AnyPreservationPolicy(policies)


def kept_by_policies(rules, history):
    policy, context = policy_of(rules), managers.PreservationContext()
    infos, kept = [], []
    for at, (step, metric) in enumerate(history):
        infos.append(Info(step, None if metric is None else {"m": metric}, EPOCH + timedelta(seconds=at)))
        flags = policy.should_preserve(infos, context=context)
        infos = [info for info, flag in zip(infos, flags) if flag]
        kept.append([info.step for info in infos])
    return kept


def kept_by_manager(rules, history, **more):
    """The same by Orbax's manager with its classic options: `best_fn` takes the place of the latest."""
    options = dict(enable_async_checkpointing=False, enable_background_delete=False)
    if "every" in rules:
        options["keep_period"] = rules["every"]
    if "best" in rules:
        options |= dict(
            max_to_keep=rules["best"]["count"],
            best_fn=lambda metrics: metrics["m"],
            best_mode=rules["best"]["mode"],
            keep_checkpoints_without_metrics=False,
        )
    elif "last" in rules:
        options["max_to_keep"] = rules["last"]
    kept = []
    with tempfile.TemporaryDirectory() as folder:
        with ocp.CheckpointManager(folder, options=ocp.CheckpointManagerOptions(**(options | more))) as manager:
            for step, metric in history:
                metrics = None if metric is None else {"m": metric}
                manager.save(step, args=ocp.args.JsonSave({}), metrics=metrics, force=True)
                kept.append(sorted(manager.all_steps()))
    return kept


def random_rules(random):
    rules = {}
    if random.random() < 0.6:
        rules["last"] = random.randint(1, 4)
    if random.random() < 0.4:
        rules["every"] = random.choice([2, 3, 5, 10])
    if random.random() < 0.6 or not rules:
        rules["best"] = {"metric": "m", "mode": random.choice(["max", "min"]), "count": random.randint(1, 3)}
    return rules


def random_history(random, length, rules):
    steps = sorted(random.sample(range(60), length))
    # Few values, so that many are equal; infinities count, and some steps have no metric.
    values = [0.0, -1.5, 2.0, 0.25, float("inf"), float("-inf"), None]
    metrics = [random.choice(values) if random.random() < 0.7 else random.random() for _ in steps]
    # As long as there are no more steps than the best to keep, Orbax keeps those without a metric too: see differences().
    first = rules.get("best", {}).get("count", 0)
    metrics[:first] = [0.5 if metric is None else metric for metric in metrics[:first]]
    return list(zip(steps, metrics))


def differences():
    """The cases in which we differ, by name."""
    best = {"best": {"metric": "m", "mode": "max", "count": 1}}
    two = {"best": {"metric": "m", "mode": "max", "count": 2}}
    plain = [(1, 0.9), (2, 0.5), (3, 0.1)]
    without = [(1, 0.9), (2, None), (3, 0.5), (4, 0.1)]
    few = [(1, None), (2, 0.5)]
    nan = [(1, 0.5), (2, float("nan")), (3, 0.1), (4, 0.2)]
    yield "the newest step", best, plain, kept_by_manager(best, plain)
    yield "a step without the metric", best, without, kept_by_manager(
        best, without, keep_checkpoints_without_metrics=True
    )
    yield "a step without the metric among few", two, few, kept_by_manager(two, few)
    yield "a metric that is NaN", best, nan, kept_by_manager(best, nan)
    yield "every without last", {"every": 2}, plain, kept_by_manager({"every": 2}, plain)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--managed", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    histories = []
    for at in range(options.count):
        rules = random_rules(rng)
        managed = at < options.managed
        history = random_history(rng, rng.randint(1, 8 if managed else 40), rules)
        if managed:
            # Its classic options know either the latest or the best.
            if "best" in rules:
                rules.pop("last", None)
            elif "last" not in rules:
                rules["last"] = 2
        kept = kept_by_manager(rules, history) if managed else kept_by_policies(rules, history)
        by = "manager" if managed else "policies"
        histories.append({"by": by, "rules": rules, "history": spelled(history), "kept": kept})
    named = [
        {"name": name, "rules": rules, "history": spelled(history), "kept": kept}
        for name, rules, history, kept in differences()
    ]
    options.file.write_text(json.dumps({"histories": histories, "differences": named}))


def spelled(history):
    """JSON has no text for infinities and NaN."""
    return [[step, None if metric is None else str(metric)] for step, metric in history]


if __name__ == "__main__":
    main()
