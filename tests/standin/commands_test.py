"""The program's commands on the stand-in GPU: what they give equals what the CPU gives, and how often they wait for the GPU."""

from standin_support import counts, own_gpus, setting  # first: it says where the others are

from gpu_support import CONVOLUTIONS, SECONDS, TOKENS, config, ranks_of, verify, write
from small_run import check_same_weights
from support.runner import check, check_equal, main, metrics

TRANSPORTS = ("nccl", "host_staged")


def training(base, transport="nccl", **sections):
    return config(base, 3, 2, run={"transport": transport, "checkpoint": True},
                  **{"training": {"batch_size": 16, "epochs": 1, "max_steps": 4, "seed": 3}, **sections})


def train(interlock, whole, name, *arguments, single=False):
    whole = {**whole, "run": {**whole["run"], "dir": name}}
    file = write(interlock, whole, f"{name}.yaml")
    how = {"ranks": 0} if single else {"ranks": ranks_of(whole)}
    interlock.succeed("train", file, *(["--single-process"] if single else []), *arguments, timeout=SECONDS, **how)
    return interlock.folder / name


def losses(run, kind="step"):
    return [line["loss"] for line in metrics(run, kind)]


def check_close(found, expected, limit=1e-4):
    check(expected, "nothing to compare")
    check_equal(len(found), len(expected), "steps")
    for step, (ours, theirs) in enumerate(zip(found, expected)):
        for a, b in zip(ours, theirs):
            check((a is None) == (b is None) and (a is None or abs(a - b) <= limit), f"step {step}: {ours} and {theirs}")


def on_cpu(whole):
    return {**whole, "run": {"device": "cpu", "checkpoint": True}}


def equals_the_cpu(base, **sections):
    """Trained and evaluated on ranks by either transport, in one process there, and in one process on the CPU."""
    def run(interlock):
        whole = training(base, **sections)
        whole["data"] = {**whole["data"], **({"eval_samples": 32} if base is CONVOLUTIONS else {"holdout": 0.2})}
        whole["training"] = {**whole["training"], "eval_every_epochs": 1}
        reference = train(interlock, on_cpu(whole), "cpu", single=True)
        runs = [train(interlock, {**whole, "run": {**whole["run"], "transport": t}}, t) for t in TRANSPORTS]
        runs.append(train(interlock, {**whole, "run": {**whole["run"], "transport": "auto"}}, "single", single=True))
        for one in runs:
            check_close(losses(one), losses(reference))
            check_close(losses(one, "eval"), losses(reference, "eval"))
    return run


def resumes(interlock):
    """Stopped and resumed, by ranks: the weights of the run that went through, to the last bit."""
    whole = training(TOKENS)
    straight = train(interlock, whole, "straight")
    train(interlock, whole, "halves", "training.max_steps=2")
    file = write(interlock, {**whole, "run": {**whole["run"], "dir": "halves"}}, "halves.yaml")
    interlock.succeed("train", file, "--resume", ranks=ranks_of(whole), timeout=SECONDS)
    check_same_weights(interlock, straight.name, "halves")


def evaluates(interlock):
    """A checkpoint, on ranks on GPUs, in one process on one and on the CPU: the same loss."""
    whole = training(TOKENS, data={**TOKENS["data"], "holdout": 0.2})
    run = train(interlock, whole, "run")
    for words in (["run.transport=nccl"], ["run.transport=auto"], ["run.transport=auto", "run.device=cpu"]):
        ranks = ranks_of(whole) if words == ["run.transport=nccl"] else 0
        interlock.succeed("eval", "run", *words, ranks=ranks, timeout=SECONDS)
    found = losses(run, "eval")
    check_equal(len(found), 3, "evaluations")
    check_close(found[:2], [found[2]] * 2)


def waits(base, single=False, **sections):
    """Sums and marks stay on the device and are read once a batch, whatever M is: the one wait of each process."""
    def run(interlock):
        whole = config(base, 3, 2, **{"run": {"transport": "auto" if single else "nccl"}, "schedule": {"micro_batches": 8},
                                      **sections})
        found = []
        for steps in (2, 6):
            path = interlock.folder / f"counts{steps}"
            with setting(counts=path):
                train(interlock, whole, f"run{steps}", f"training.max_steps={steps}", single=single)
            found.append([counts(path, rank) for rank in ([0] if single else range(1, ranks_of(whole)))])
        for rank, (few, many) in enumerate(zip(*found)):
            # One `.cpu()` is a copy to pageable memory and a wait for the stream. Host-staged, a thread also waits for the copy to the host of what is sent, once too much is under way.
            staged = whole["run"]["transport"] == "host_staged"
            for kind in ("stream_waits", "hidden_waits", "memory_queries", *([] if staged else ["event_waits"])):
                each = (many[kind] - few[kind]) / 4
                check(each <= (1 if kind in ("stream_waits", "hidden_waits") else 0), f"worker {rank}: {each} {kind} a step")
            check(many["launches"] > few["launches"] > 0, "nothing was counted")
    return run


def waits_of_a_profile(interlock):
    """An action is timed between two waits of the profiler's own: the guard does not wait within."""
    whole = config(TOKENS, 2, 1, run={"transport": "auto"})
    file = write(interlock, whole)
    found = []
    for repeats in (2, 6):
        with setting(counts=interlock.folder / f"counts{repeats}"):
            interlock.succeed("profile", file, "--repeats", repeats, "--out", "profile.json", timeout=SECONDS)
        found.append(counts(interlock.folder / f"counts{repeats}"))
    check_equal(found[0]["stream_waits"], found[1]["stream_waits"], "waits for the stream with 2 and with 6 repeats")
    check(found[1]["launches"] > found[0]["launches"] > 0, "nothing was counted")


def memory_is_the_gpus(interlock):
    run = train(interlock, config(CONVOLUTIONS, 2, 2, run={"transport": "auto"}), "run", single=True)
    peaks = metrics(run, "run")[-1]["peak_memory_mebibytes"]
    check(all(0 < peak < 50 for peak in peaks), f"peak memory {peaks} MiB is not that of tensors on the GPU")


def profiles_and_traces(interlock):
    whole = training(TOKENS, profile={"wait": 1, "warmup": 1, "active": 2})
    run = train(interlock, whole, "run")
    check(list(run.glob("**/*trace*")), f"no trace in {sorted(run.iterdir())}")


def sweeps(interlock):
    whole = training(TOKENS, data={**TOKENS["data"], "holdout": 0.2})
    write(interlock, {**whole, "training": {**whole["training"], "eval_every_epochs": 1}}, "base.yaml")
    (interlock.folder / "grid.yaml").write_text("base: base.yaml\ngrid: {optimizer.lr: [0.1, 0.05]}\n")
    interlock.succeed("sweep", "grid.yaml", timeout=SECONDS)


def computes(interlock):
    """doctor has the GPU carry out an operator."""
    with setting(STANDIN_GPUS=2):
        finished = interlock.run("doctor-ping", "--libraries", timeout=SECONDS)
    check('"cuda_devices":2' in finished.out.replace(" ", "") and '"cuda_error":""' in finished.out.replace(" ", ""),
          f"{finished}")
    with setting(STANDIN_KERNELS="null"):  # kernels that do nothing
        finished = interlock.run("doctor-ping", "--libraries", timeout=SECONDS)
    check("4 x (1 + 1) is 0" in finished.out, f"{finished}")


def connects_at_the_start(interlock):
    """A bucket of gradients larger than what was summed at the start: nobody connects in the middle of a step."""
    large = {**TOKENS, "model": {**TOKENS["model"], "width": 96}}
    whole = config(large, 2, 1, partition={"stages": 2, "replicas": [2, 2]}, run={"transport": "nccl"},
                   training={"batch_size": 16, "epochs": 1, "max_steps": 2, "eval_every_epochs": 0, "seed": 3})
    file = write(interlock, whole)
    finished = interlock.succeed("train", file, ranks=5, timeout=SECONDS)
    check("in the middle of its work" not in finished.err, f"{finished}")
    with setting(NCCL_RUNTIME_CONNECT=1):  # as if it were not switched off: the stand-in would see it
        late = interlock.succeed("train", file, "run.dir=late", ranks=5, timeout=SECONDS)
    check("in the middle of its work" in late.err, f"{late}")


own_gpus()
main([
    ("a ResNet equals the CPU's: ranks by either transport, one process, evaluated", equals_the_cpu(CONVOLUTIONS)),
    ("a Transformer equals the CPU's", equals_the_cpu(TOKENS)),
    ("tied weights equal the CPU's", equals_the_cpu({**TOKENS, "model": {**TOKENS["model"], "tied": True}})),
    ("dropout draws the CPU's masks", equals_the_cpu({**TOKENS, "model": {**TOKENS["model"], "dropout": 0.3}})),
    ("rotary positions equal the CPU's", equals_the_cpu({**TOKENS, "model": {**TOKENS["model"], "positions": "rotary"}})),
    ("AdamW equals the CPU's", equals_the_cpu({**TOKENS, "optimizer": {"kind": "adamw", "lr": 0.001, "weight_decay": 0.01}})),
    ("recomputing equals the CPU's", equals_the_cpu(TOKENS, training={"batch_size": 16, "epochs": 1, "max_steps": 4, "seed": 3,
                                                                     "recompute": True})),
    ("synchronised batch norm equals one process", lambda interlock: verify(interlock, config(
        CONVOLUTIONS, 2, 2, partition={"stages": 2, "replicas": [2, 2], "sync_batch_norm": True}, run={"transport": "nccl"}))),
    ("a resumed run has the bits of one that went through", resumes),
    ("eval gives the CPU's loss", evaluates),
    ("a single process waits for the GPU once a step", waits(TOKENS, single=True)),
    ("a rank waits for the GPU once a step", waits(TOKENS)),
    ("a rank waits for the GPU once a step: convolutions, host-staged, recomputing",
     waits(CONVOLUTIONS, run={"transport": "host_staged"}, training={"batch_size": 16, "epochs": 1, "eval_every_epochs": 0,
                                                                     "seed": 3, "recompute": True})),
    ("a rank waits for the GPU once a step: replicas", waits(CONVOLUTIONS, partition={"stages": 3, "replicas": [2, 2, 2]})),
    ("a profile's actions do not wait for the GPU", waits_of_a_profile),
    ("a single process tells the GPU's memory", memory_is_the_gpus),
    ("profiles and traces", profiles_and_traces),
    ("sweeps", sweeps),
    ("doctor computes on each GPU", computes),
    ("NCCL connects when it starts, not in the middle of a step", connects_at_the_start),
])
