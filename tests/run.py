#!/usr/bin/env python3
"""Builds a test program, runs it, and prints the time of every test.

    tests/run.py it                        the tests of the programs in small images
    tests/run.py containers --threads 4    the tests under a Docker engine
    tests/run.py containers --skip full:: FILTER...

A test that exceeds the limit is printed, and ends the run. The caller's signals, umask, locale, proxies and trust
variables have no effect.
"""

import argparse
import json
import os
import selectors
import signal
import subprocess
import sys
import time

# The caller's variables that a test keeps: paths of programs, and settings of the tests.
KEPT = ("PATH", "HOME", "TERM", "CI", "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "DOCKER_HOST",
        "DOCKER_CONFIG", "DOCKER_CONTEXT", "XDG_CACHE_HOME")
KEPT_PREFIXES = ("UPDATE_", "MATRIX", "FUZZED", "MUTATIONS", "PROPTEST_", "RUST_BACKTRACE", "CARGO_TARGET")
# The container tests build images with packages, which needs the proxy and the root certificates of this
# machine.
KEPT_BY_CONTAINERS = ("SSL_CERT_FILE", "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY",
                      "NO_PROXY", "PIP_CERT", "PIP_INDEX_URL", "PIP_FIND_LINKS")
SLOWEST = 20
# The libtest harness prints JSON and times only if unstable options are allowed.
OPTIONS = ["-Z", "unstable-options", "--format", "json", "--report-time"]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", choices=["it", "containers"])
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--limit", type=int, default=600, metavar="SECONDS", help="for one test (default: 600)")
    parser.add_argument("--skip", action="append", default=[], metavar="FILTER")
    parser.add_argument("filters", nargs="*")
    # Options may occur before, between and after the filters.
    return parser.parse_intermixed_args()


def build(program):
    words = ["cargo", "test", "--locked", "--no-run", "--test", program, "--message-format", "json-render-diagnostics"]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    messages = (json.loads(line) for line in done.stdout.splitlines())
    # The TLS server and client of the tests.
    subprocess.run(["cargo", "build", "--locked", "--quiet", "--example", "peer"], check=True)
    built = [it["executable"] for it in messages if it.get("target", {}).get("name") == program and it.get("executable")]
    return built[-1]


def environment(program):
    kept = KEPT + (KEPT_BY_CONTAINERS if program == "containers" else ())
    chosen = {name: value for name, value in os.environ.items() if name in kept or name.startswith(KEPT_PREFIXES)}
    return {"RUST_BACKTRACE": "0"} | chosen | {"LC_ALL": "C.UTF-8", "RUSTC_BOOTSTRAP": "1"}


def sweep(pid):
    """Removes what the container tests of the process `pid` share, and what killed tests left behind."""
    kinds = ((["ps", "--all"], "{{.Names}}", ["rm", "--force", "--volumes"]),
             (["network", "ls"], "{{.Name}}", ["network", "rm"]),
             (["volume", "ls"], "{{.Name}}", ["volume", "rm"]),
             (["images"], "{{.Repository}}", ["rmi", "--force"]))
    for kind, name, remove in kinds:
        words = ["docker", *kind, "--filter", "label=trust-init-test", "--format", name]
        listed = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
        # Names end with `.PID.COUNT`; for an image a slash and its kind follow.
        ours = [it for it in listed.stdout.split() if f".{pid}." in it]
        if ours:
            subprocess.run(["docker", *remove, *ours], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                           check=False)


def prepare():
    """Runs in the child before it executes the test program."""
    os.umask(0o022)
    for number in set(signal.valid_signals()) - {signal.SIGKILL, signal.SIGSTOP}:
        if number < 32:
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


class Run:
    def __init__(self, asked):
        self.asked = asked
        self.running, self.took, self.failed = {}, {}, []
        self.words = [build(asked.program), *OPTIONS, "--test-threads", str(asked.threads)]
        self.words += [word for it in asked.skip for word in ("--skip", it)] + asked.filters

    def take(self, event):
        name = event.get("name")
        if event["type"] != "test":
            return
        if event["event"] == "started":
            self.running[name] = time.monotonic()
        elif event["event"] in ("ok", "failed", "ignored"):
            self.running.pop(name, None)
            self.took[name] = event.get("exec_time", 0.0)
            print(f"{event['event']:<7} {self.took[name]:7.1f} s  {name}", flush=True)
            if event["event"] != "ok":
                self.failed.append(name)
                print(event.get("stdout", "").rstrip(), flush=True)

    def late(self):
        now = time.monotonic()
        return [name for name, since in self.running.items() if now - since > self.asked.limit]

    def follow(self, child):
        """Reads events until the program ends; returns the tests that exceeded the limit."""
        selector = selectors.DefaultSelector()
        selector.register(child.stdout, selectors.EVENT_READ)
        rest = b""
        while True:
            if selector.select(timeout=1):
                read = os.read(child.stdout.fileno(), 1 << 16)
                if not read:
                    return []
                *lines, rest = (rest + read).split(b"\n")
                for line in lines:
                    if line.startswith(b"{"):
                        self.take(json.loads(line))
                    elif line:
                        print(line.decode(errors="replace"), flush=True)
            if late := self.late():
                return late

    def run(self):
        child = subprocess.Popen(self.words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True,
                                 env=environment(self.asked.program), preexec_fn=prepare)
        late = []
        try:
            late = self.follow(child)
        finally:
            # Also at Ctrl-C: the processes of a test end with it.
            if late or sys.exc_info()[0]:
                os.killpg(child.pid, signal.SIGKILL)
            code = child.wait()
            if self.asked.program == "containers":
                sweep(child.pid)
        return self.tell(late, code)

    def tell(self, late, code):
        for name in late:
            print(f"\n---- {name}\nexceeded its limit of {self.asked.limit} s, which ended the run")
        print(f"\nslowest of {len(self.took)} tests, which took {sum(self.took.values()):.0f} s in all:")
        for name, seconds in sorted(self.took.items(), key=lambda it: -it[1])[:SLOWEST]:
            print(f"{seconds:9.1f} s  {name}")
        for name in [*self.failed, *late]:
            cost = self.took.get(name, self.asked.limit)
            print(f"\nalone ({cost:.0f} s): cargo test --test {self.asked.program} -- --exact {name}")
        failures = len(self.failed) + len(late)
        if code and not failures:
            print(f"\nthe test program ended with {code} in: {', '.join(self.running) or 'no test'}")
        print(f"\n{self.asked.program}: {len(self.took) - len(self.failed)} passed, {failures} failed")
        return 1 if failures or code or not self.took else 0


if __name__ == "__main__":
    sys.exit(Run(arguments()).run())
