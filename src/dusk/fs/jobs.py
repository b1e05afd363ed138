"""What a process belongs to: the batch job, the container and the GPUs that it was given.

Sources: cgroups(7); the cgroup names of Slurm, Docker, Podman, containerd and Kubernetes; the device files
of the NVIDIA and AMD drivers.
"""

from __future__ import annotations

import os
import re

_SLURM = re.compile(rb"(?:/|_)job_(\d+)")
_OTHER_JOBS = (
    (re.compile(rb"/(?:pbspro|pbs_jobs|pbs)[./][^\n]*?(\d+(?:\[\d*\])?\.[\w.-]+)"), "PBS job"),
    (re.compile(rb"/htcondor/[^\n/]*?slot([\d_]+)"), "HTCondor slot"),
    (re.compile(rb"/lsf/[^\n]*?job\.(\d+)"), "LSF job"),
)
_CONTAINER = re.compile(
    rb"(?:docker|libpod|crio|cri-containerd|containerd)[-/]([0-9a-f]{64})|lxc(?:\.payload)?[./]([\w-]{1,64})"
)
_POD = re.compile(rb"kubepods[^\n]*?pod([0-9a-f]{8}[-_][0-9a-f-_]{27})")
_GPU = re.compile(rb"/dev/(?:nvidia(\d+)|dri/renderD(\d+))\Z")
_SHORT = 12  # characters of a container's id, as its tools show it


def job_of(pid: int, proc: bytes = b"/proc") -> str:
    """Return what a process belongs to, in a few words; empty when nothing says so.

    ``Slurm job 4711, GPU 0 and 1``. Raises nothing: what cannot be read is left out.
    """
    found = [*_groups(pid, proc), *_gpus(pid, proc)]
    return ", ".join(found)


def _groups(pid: int, proc: bytes) -> list[str]:
    try:
        with open(b"%b/%d/cgroup" % (proc, pid), "rb") as file:
            groups = file.read(1 << 16)
    except OSError:
        return []
    found = []
    job = _SLURM.search(groups) if b"slurm" in groups else None
    if job is not None:
        found.append(f"Slurm job {job[1].decode('ascii')}")
    for pattern, name in _OTHER_JOBS:
        match = pattern.search(groups)
        if match is not None:
            found.append(f"{name} {match[1].decode('ascii', 'replace')}")
    pod = _POD.search(groups)
    container = _CONTAINER.search(groups)
    if pod is not None:
        found.append(f"pod {pod[1].decode('ascii').replace('_', '-')[:8]}")
    if container is not None:
        shown = container[1][:_SHORT] if container[1] else container[2]
        found.append(f"container {shown.decode('ascii', 'replace')}")
    return found


def _gpus(pid: int, proc: bytes) -> list[str]:
    base = b"%b/%d/fd" % (proc, pid)
    numbers: set[int] = set()
    try:
        names = os.listdir(base)
    except OSError:
        return []
    for name in names:
        try:
            target = os.readlink(os.path.join(base, name))
        except OSError:
            continue
        match = _GPU.match(target)
        if match is not None:
            # Render nodes are counted from 128.
            numbers.add(int(match[1]) if match[1] else int(match[2]) - 128)
    if not numbers:
        return []
    shown = [str(number) for number in sorted(numbers)]
    return [f"GPU {', '.join(shown[:-1])} and {shown[-1]}" if len(shown) > 1 else f"GPU {shown[0]}"]
