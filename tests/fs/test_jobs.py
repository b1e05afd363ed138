"""Which job, container and GPUs a process belongs to, read from a ``/proc`` of our own."""

from __future__ import annotations

import os

import pytest

from dusk.fs.jobs import job_of

ID = "3f2a9c" + "0" * 58


@pytest.mark.parametrize(
    ("cgroup", "words"),
    [
        ("0::/system.slice/slurmstepd.scope/job_4711/step_0/user/task_0", "Slurm job 4711"),
        ("4:devices:/slurm/uid_1000/job_12/step_batch", "Slurm job 12"),
        (f"0::/system.slice/docker-{ID}.scope", "container 3f2a9c000000"),
        (f"3:cpu:/docker/{ID}", "container 3f2a9c000000"),
        (f"0::/machine.slice/libpod-{ID}.scope/container", "container 3f2a9c000000"),
        (
            "0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod"
            f"1b2c3d4e_1111_2222_3333_444455556666.slice/cri-containerd-{ID}.scope",
            "pod 1b2c3d4e, container 3f2a9c000000",
        ),
        ("0::/user.slice/user-1000.slice/session-3.scope", ""),
        ("0::/user.slice/job_99/not-a-scheduler", ""),
        ("0::/\x1b[31m", ""),
    ],
)
def test_a_control_group_names_job_and_container(tmp_path, cgroup, words):
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "cgroup").write_text(cgroup + "\n")
    assert job_of(7, os.fsencode(tmp_path)) == words


def test_open_device_files_name_the_gpus(tmp_path):
    files = tmp_path / "7" / "fd"
    files.mkdir(parents=True)
    for number, target in enumerate(("/dev/nvidia1", "/dev/nvidia0", "/dev/nvidiactl", "/dev/nvidia0", "/x")):
        os.symlink(target, files / str(number))
    assert job_of(7, os.fsencode(tmp_path)) == "GPU 0 and 1"
    os.symlink("/dev/dri/renderD130", files / "9")
    assert job_of(7, os.fsencode(tmp_path)) == "GPU 0, 1 and 2"


def test_a_process_that_ended_belongs_to_nothing(tmp_path):
    assert job_of(7, os.fsencode(tmp_path)) == ""
