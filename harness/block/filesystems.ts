/**
 * The table of real file systems: how each is made on a small disk, and how it is mounted. Sizes are near the least that
 * each of them accepts; what is never written costs nothing.
 */

export const filesystemNames = ["ext4", "xfs", "btrfs"] as const;

export type FilesystemName = (typeof filesystemNames)[number];

export interface Filesystem {
  readonly name: FilesystemName;
  readonly diskBytes: number;
  readonly mkfs: readonly [command: string, ...args: string[]];
  /** For mount -o, in addition to the loop device. */
  readonly options: string;
  /** The package of Debian that brings its mkfs. */
  readonly debianPackage: string;
}

const mib = 1 << 20;

export const filesystems: Readonly<Record<FilesystemName, Filesystem>> = {
  ext4: {
    name: "ext4",
    diskBytes: 64 * mib,
    // Blocks of 4 KiB, as on any disk that is not small. Otherwise the kernel also goes on making it for a while after the
    // first mount.
    mkfs: ["mkfs.ext4", "-q", "-F", "-b", "4096", "-E", "lazy_itable_init=0,lazy_journal_init=0,nodiscard"],
    options: "loop,noatime",
    debianPackage: "e2fsprogs",
  },
  xfs: {
    name: "xfs",
    diskBytes: 300 * mib,
    mkfs: ["mkfs.xfs", "-q", "-f", "-K"],
    // Every cut image has the same identity, and several are mounted at a time.
    options: "loop,noatime,nouuid",
    debianPackage: "xfsprogs",
  },
  btrfs: {
    name: "btrfs",
    diskBytes: 128 * mib,
    mkfs: ["mkfs.btrfs", "-q", "-f", "-K"],
    options: "loop,noatime",
    debianPackage: "btrfs-progs",
  },
};
