/**
 * What the filter of system calls lets through, tried on the kernel itself.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { filterArchitecture, systemCallFilter } from "../../backends/shells/system_calls.ts";
import { needing } from "./_machine.ts";

/** Calls each way to a set-ID bit there is, and what no namespace separates. */
const SCRIPT = String.raw`
use strict; use POSIX; use Fcntl;
chdir "/mnt" or die "chdir: $!";
open(my $a, ">", "a") or die; open(my $r, "<", "a") or die;
my $arm = (POSIX::uname())[4] eq "aarch64";
sub attempt { my ($name, $f) = @_; $! = 0; my $ok = $f->(); print "$name ", ($ok ? "ok" : $!{EPERM} ? "EPERM" : $!{ENOSYS} ? "ENOSYS" : $!), "\n"; }
sub call { my ($number, @rest) = @_; return syscall($number, @rest) >= 0; }
my $path = "a";
attempt("chmod", sub { chmod 0755, "a" });
attempt("chmod u+s", sub { chmod 04755, "a" });
attempt("chmod g+s", sub { chmod 02755, "a" });
attempt("fchmod u+s", sub { chmod 04755, $r });
attempt("fchmodat u+s", sub { call($arm ? 53 : 268, -100, $path, 04755) });
attempt("fchmodat2 u+s", sub { call(452, -100, $path, 04755, 0) });
attempt("mkdir", sub { mkdir "d", 0755 });
attempt("mkdir g+s", sub { mkdir "e", 02755 });
attempt("mknod u+s", sub { call($arm ? (33, -100) : 133, "f", 0104755, 0) });
attempt("mkfifo", sub { POSIX::mkfifo("g", 0644) });
attempt("creat", sub { sysopen(my $f, "h", O_CREAT | O_WRONLY, 0755) });
attempt("creat u+s", sub { sysopen(my $f, "i", O_CREAT | O_WRONLY, 04755) });
attempt("tmpfile u+s", sub { sysopen(my $f, ".", 0x400000 | ($arm ? 040000 : 0200000) | O_RDWR, 04755) });
attempt("open with an unused mode", sub { sysopen(my $f, "a", O_RDONLY, 04755) });
attempt("openat2", sub { call(437, -100, $path, 0, 0) });
attempt("io_uring_setup", sub { call(425, 8, 0) });
attempt("keyctl", sub { call($arm ? 219 : 250, 0, -3, 0) });
attempt("add_key", sub { call($arm ? 217 : 248, "user", "a", "b", 1, -3) });
attempt("request_key", sub { call($arm ? 218 : 249, "user", "a", 0, -3) });
`;

Deno.test({
  ...needing(
    "systemCallFilter() makes the kernel refuse set-ID bits, keyrings and io_uring, and nothing else",
    "linux",
    "bubblewrap",
    "perl",
  ),
  async fn() {
    const architecture = filterArchitecture();
    assert(architecture !== undefined, `no filter for '${Deno.build.arch}'`);
    const directory = await Deno.makeTempDir({ prefix: "routebook-security-" });
    try {
      const filter = `${directory}/filter`;
      await Deno.writeFile(filter, systemCallFilter(architecture));
      await Deno.mkdir(`${directory}/work`);
      const { stdout, stderr } = await new Deno.Command("sh", {
        args: [
          ...["-c", 'exec bwrap "$@" 9<"$0"', filter, "--seccomp", "9"],
          ..."--unshare-all --ro-bind / / --dev /dev --cap-drop ALL".split(" "),
          ...["--bind", `${directory}/work`, "/mnt", "perl", "-e", SCRIPT],
        ],
        stdin: "null",
      }).output();
      const decoder = new TextDecoder();
      assertEquals(decoder.decode(stderr), "");
      assertEquals(decoder.decode(stdout).trimEnd().split("\n"), [
        "chmod ok",
        "chmod u+s EPERM",
        "chmod g+s EPERM",
        "fchmod u+s EPERM",
        "fchmodat u+s EPERM",
        "fchmodat2 u+s EPERM",
        "mkdir ok",
        "mkdir g+s EPERM",
        "mknod u+s EPERM",
        "mkfifo ok",
        "creat ok",
        "creat u+s EPERM",
        "tmpfile u+s EPERM",
        "open with an unused mode ok",
        "openat2 ENOSYS",
        "io_uring_setup ENOSYS",
        "keyctl ENOSYS",
        "add_key ENOSYS",
        "request_key ENOSYS",
      ]);
      const modes = [...Deno.readDirSync(`${directory}/work`)]
        .map(({ name }) => Deno.lstatSync(`${directory}/work/${name}`).mode ?? 0);
      assert(modes.length > 0 && modes.every((mode) => (mode & 0o6000) === 0));
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});
