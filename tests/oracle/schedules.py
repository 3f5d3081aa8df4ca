"""The learning rates of transformers' schedulers, for the golden numbers of src/train/schedule.rs.

    python tests/oracle/schedules.py

Prints Rust arrays: 12 steps, 3 (or a quarter) of them warm-up, peak 1. Line by line what an optimizer's step is taken with.
"""

import math

import torch
from transformers import (
    get_constant_schedule_with_warmup,
    get_cosine_schedule_with_warmup,
    get_cosine_with_min_lr_schedule_with_warmup,
    get_linear_schedule_with_warmup,
    get_polynomial_decay_schedule_with_warmup,
)

STEPS, RATIO, FLOOR = 12, 0.25, 0.1
WARMUP = math.ceil(STEPS * RATIO)


def rates(scheduler, **arguments):
    optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = scheduler(optimizer, num_warmup_steps=WARMUP, **arguments)
    found = []
    for _ in range(STEPS):
        found.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    return found


def main():
    steps = {"num_training_steps": STEPS}
    for name, scheduler, arguments in [
        ("constant", get_constant_schedule_with_warmup, {}),
        ("linear", get_linear_schedule_with_warmup, steps),
        ("cosine", get_cosine_schedule_with_warmup, steps),
        ("linear_floor", get_polynomial_decay_schedule_with_warmup, steps | {"lr_end": FLOOR, "power": 1.0}),
        ("cosine_floor", get_cosine_with_min_lr_schedule_with_warmup, steps | {"min_lr_rate": FLOOR}),
    ]:
        print(name, "[" + ", ".join(f"{rate:.12f}" for rate in rates(scheduler, **arguments)) + "]")


main()
