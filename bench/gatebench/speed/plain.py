"""One trial as a plain PyTorch script would train it: `torch.nn`'s module, padded batches, autograd, torch's optimizer.

``python -m gatebench.speed.plain SETTINGS``, settings as JSON. It is what `studies` are timed against; it scores nothing.
"""

import json
import sys
from typing import Any

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence

from gatebench.data import tasks

OPTIMIZERS = {
    "adam": lambda p, lr, c: torch.optim.Adam(p, lr, betas=(c["beta1"], c["beta2"]), eps=c["epsilon"]),
    "rmsprop": lambda p, lr, c: torch.optim.RMSprop(p, lr, alpha=c["averaging"], eps=c["floor"], momentum=c["momentum"]),
}
"""Name -> maker of an optimizer of torch, from parameters, learning rate and the trial's coefficients."""


def main(settings: dict[str, Any]) -> None:
    """Train one trial, with validation after each epoch; ``settings`` come from `gatebench.speed.studies`."""
    torch.set_num_threads(1)
    torch.manual_seed(settings["seed"])
    training = settings["training"]
    task = tasks.load(settings["dataset"], settings["dataset"], settings["predict"])
    layer = getattr(torch.nn, settings["module"])(task.inputs, settings["units"])
    readout = torch.nn.Linear(settings["units"], task.outputs)
    parameters = [*layer.parameters(), *readout.parameters()]
    matrices = [p for p in layer.parameters() if p.ndim == 2]
    optimizer = OPTIMIZERS[training["optimizer"]](parameters, settings["lr"], training["constants"])
    splits = {
        split: [(torch.from_numpy(s.x).float(), torch.from_numpy(s.y).float()) for s in task.splits[split]]
        for split in ("train", "valid")
    }
    lengths = [len(x) for x, _ in splits["train"]]
    random = np.random.default_rng(settings["seed"])

    def loss(pairs: list[tuple[torch.Tensor, torch.Tensor]]) -> tuple[torch.Tensor, int]:
        x, y = (pad_sequence([pair[i] for pair in pairs]) for i in (0, 1))
        loss_per_step = torch.nn.functional.binary_cross_entropy_with_logits(readout(layer(x)[0]), y, reduction="none").sum(
            -1
        )
        mask = pad_sequence([torch.ones(len(pair[0])) for pair in pairs])
        return (loss_per_step * mask).sum(), int(mask.sum())

    for _ in range(settings["epochs"]):
        for batch in tasks.buckets(lengths, training["batch"], random):
            noise = [training["weight_noise"] * torch.randn_like(p) for p in matrices]
            with torch.no_grad():
                for p, n in zip(matrices, noise, strict=True):
                    p += n
            optimizer.zero_grad()
            total, steps = loss([splits["train"][i] for i in batch])
            (total / (steps if training["loss"] == "step" else len(batch))).backward()
            with torch.no_grad():
                for p, n in zip(matrices, noise, strict=True):
                    p -= n
            if training["clip_norm"] is not None:
                torch.nn.utils.clip_grad_norm_(parameters, training["clip_norm"])
            optimizer.step()
        with torch.no_grad():
            for batch in tasks.in_order(task.splits["valid"], 2**14):
                loss([splits["valid"][i] for i in batch])


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
