"""The mount table, read and never touched."""

from __future__ import annotations

import os

import pytest

from dusk.fs.mounts import LOCAL_TYPES, NETWORK_TYPES, PSEUDO_TYPES, MountTable, mount_id

TEXT = (
    b"22 27 0:21 / /proc rw,relatime - proc proc rw\n"
    b"27 1 254:0 / / rw,relatime shared:1 master:2 - ext4 /dev/vda rw,discard\n"
    b"28 27 8:17 / /data rw - xfs /dev/sdb1 ro,noatime\n"
    b"29 28 8:33 /sub /data/with\\040space\\134040 ro,relatime - btrfs /dev/sdc rw\n"
    b"30 27 0:50 / /data2 rw - fuse.sshfs host:/x\\011y rw,user_id=0\n"
    b"31 27 0:51 / /odd\rname rw - tmpfs none rw\n"
    b"32 28 0:52 / /data rw - tmpfs over rw\n"
    b"33 27 0:53 / /blank rw - tmpfs  rw\n"
)


@pytest.fixture
def table():
    return MountTable.parse(TEXT)


def test_fields(table):
    root = table.at(b"/")
    assert (root.id, root.device, root.type, root.source) == (27, os.makedev(254, 0), "ext4", b"/dev/vda")
    assert not root.read_only
    assert table.at(b"/proc").is_pseudo
    assert table.mounts[2].read_only  # by the filesystem
    spaced = table.at(b"/data/with space\\040")
    assert spaced.read_only  # by the mount
    assert table.at(b"/data2").source == b"host:/x\ty"
    assert table.at(b"/data2").is_network
    assert table.at(b"/odd\rname").type == "tmpfs"
    assert table.at(b"/blank").source == b""


def test_no_type_is_of_two_sorts(table):
    assert not LOCAL_TYPES & NETWORK_TYPES
    assert not LOCAL_TYPES & PSEUDO_TYPES
    assert table.at(b"/").is_local
    assert not table.at(b"/data2").is_local


def test_the_last_of_several_mounts_is_what_is_seen(table):
    assert table.at(b"/data").type == "tmpfs"


@pytest.mark.parametrize(
    ("path", "point"),
    [
        (b"/", b"/"),
        (b"/home/x", b"/"),
        (b"/data", b"/data"),
        (b"/data/x/y", b"/data"),
        (b"/data2x", b"/"),
        (b"/data/with space\\040/x", b"/data/with space\\040"),
    ],
)
def test_what_contains_a_path(table, path, point):
    assert table.containing(path).point == point


def test_what_is_below_a_path(table):
    assert [mount.point for mount in table.below(b"/data")] == [b"/data/with space\\040"]
    assert table.below(b"/dat") == ()
    assert b"/" not in [mount.point for mount in table.below(b"/")]
    assert len(table.below(b"/")) == 7


def test_no_table_at_all():
    table = MountTable(())
    assert table.at(b"/") is None
    assert table.containing(b"/x/y") is None
    assert table.below(b"/") == ()


def test_the_kernels_own_table():
    table = MountTable.read()
    assert table.at(b"/") is not None
    here = os.open(b"/", os.O_RDONLY)
    try:
        assert mount_id(here) == table.at(b"/").id
    finally:
        os.close(here)
