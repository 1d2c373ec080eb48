"""Small file systems of a test's own: an ext4 image behind a loop device, or a tmpfs. Whatever happens, they are unmounted at the end.

    with Mounts(folder) as mounts:
        state = mounts.ext4("disk", 64)          # a folder on a new ext4 of 64 MiB
"""
import os
import subprocess

from .case import Skip

MiB = 1 << 20


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise OSError(f"{' '.join(command)}: {done.stdout.strip()}")
    return done.stdout.strip()


class Mounts:
    def __init__(self, folder):
        self.folder, self.undo = folder, []

    def __enter__(self):
        if os.geteuid() != 0:
            raise Skip("only root may mount a file system")
        return self

    def __exit__(self, *_):
        for command in reversed(self.undo):
            try:
                run(*command)
            except OSError as fault:
                print(f"  could not undo: {fault}")
                if command[0] == "umount":
                    subprocess.run(["umount", "-l", command[1]], check=False)
        self.undo = []

    def _mount(self, name, *arguments):
        place = os.path.join(self.folder, name)
        os.makedirs(place, exist_ok=True)
        try:
            run("mount", *arguments, place)
        except OSError as fault:
            raise Skip(f"this kernel does not let us mount: {fault}") from None
        self.undo.append(("umount", place))
        return place

    def tmpfs(self, name, mebibytes):
        return self._mount(name, "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs")

    def ext4(self, name, mebibytes):
        image = os.path.join(self.folder, name + ".image")
        with open(image, "wb") as file:
            file.truncate(mebibytes * MiB)
        run("mkfs.ext4", "-q", "-F", "-m", "0", "-E", "lazy_itable_init=0,lazy_journal_init=0", image)
        return self.image(name, image)

    def image(self, name, image):
        """Mounts an image that is there. Direct I/O: what the file system has sent to the disk is in the file, and nothing else."""
        try:
            device = run("losetup", "--find", "--show", "--direct-io=on", image)
        except OSError as fault:
            raise Skip(f"this kernel has no loop device for us: {fault}") from None
        self.undo.append(("losetup", "--detach", device))
        if run("losetup", "--noheadings", "--output", "DIO", device).strip() != "1":
            raise Skip(f"{device} does no direct I/O on {image}")
        return self._mount(name, "-o", "noatime", device)
