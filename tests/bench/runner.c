/*
 * Runs commands in turn, round by round, and prints what each run cost, one line per run:
 *
 *     name <TAB> round <TAB> nanoseconds from spawn to exit <TAB> peak KiB of its largest process
 *
 * Usage: runner ROUNDS PLAN. A line of PLAN is
 *
 *     name | every | before | after | command
 *
 * `every` 10 means only in each tenth round; `before` and `after` are shell commands outside the
 * measured time, and the run counts only if they succeed. The first command of PLAN is also run,
 * unmeasured, right before every measured one, so that all entries start with the same
 * contents of the processor's caches.
 *
 * In C and static because a child's ru_maxrss starts at what its parent had in memory at the fork:
 * spawned by Python, every program would appear to need 10 MiB.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ENTRIES = 32, WORDS = 32, LINE = 4096, WARM_UPS = 3 };

struct entry {
	char *name, *before, *after, *argv[WORDS];
	int every;
};

struct cost {
	int64_t nanoseconds;
	long kib;
};

static int output; /* of the command that runs, shown only if it fails */

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static void fail(const char *name, const char *what, int status)
{
	char text[4096];
	ssize_t length = pread(output, text, sizeof text, 0);

	fprintf(stderr, "runner: error: cannot measure %s: `%s` ended with wait status %#x\n%.*s",
		name, what, (unsigned)status, length > 0 ? (int)length : 0, text);
	exit(1);
}

static struct cost run(const char *name, char *argv[])
{
	posix_spawn_file_actions_t actions;
	struct rusage usage;
	struct cost cost;
	int error, status;
	pid_t child;

	if (ftruncate(output, 0) || posix_spawn_file_actions_init(&actions)
	    || posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
	    || posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO))
		err(1, "cannot catch the output of %s", name);
	cost.nanoseconds = -now();
	error = posix_spawn(&child, argv[0], &actions, NULL, argv, environ);
	if (error)
		errx(1, "cannot start %s: %s", argv[0], strerror(error));
	if (wait4(child, &status, 0, &usage) != child)
		err(1, "cannot wait for %s", argv[0]);
	cost.nanoseconds += now();
	cost.kib = usage.ru_maxrss;
	posix_spawn_file_actions_destroy(&actions);
	if (status)
		fail(name, argv[2] && !strcmp(argv[1], "-c") ? argv[2] : argv[0], status);
	return cost;
}

static void shell(const char *name, char *command)
{
	if (*command)
		run(name, (char *[]){ "/bin/sh", "-c", command, NULL });
}

static int read_plan(const char *path, struct entry *entries)
{
	FILE *plan = fopen(path, "re");
	char line[LINE];
	int count = 0;

	if (!plan)
		err(1, "cannot read %s", path);
	while (count < ENTRIES && fgets(line, sizeof line, plan)) {
		struct entry *entry = &entries[count++];
		char *rest = strdup(line), *word;
		int words = 0;

		rest[strcspn(rest, "\n")] = 0;
		entry->name = strsep(&rest, "|");
		entry->every = atoi(rest ? strsep(&rest, "|") : "");
		entry->before = strsep(&rest, "|");
		entry->after = strsep(&rest, "|");
		while (words < WORDS - 1 && (word = strsep(&rest, " ")))
			entry->argv[words++] = word;
		if (!words || entry->every < 1)
			errx(1, "cannot read %s: line %d is not `name|every|before|after|command`",
			     path, count);
	}
	fclose(plan);
	return count;
}

int main(int argc, char **argv)
{
	static struct entry entries[ENTRIES];
	int count, rounds;

	if (argc != 3 || (rounds = atoi(argv[1])) < 1)
		errx(1, "usage: runner ROUNDS PLAN");
	count = read_plan(argv[2], entries);
	output = memfd_create("output", MFD_CLOEXEC);
	if (output < 0 || fcntl(output, F_SETFL, O_APPEND))
		err(1, "cannot make a file in memory");

	for (int round = -WARM_UPS; round < rounds; round++)
		for (struct entry *entry = entries; entry < entries + count; entry++) {
			struct cost cost;

			/* One warm-up is enough for entries that run in few rounds. */
			if (round < 0 ? entry->every > 1 && round < -1 : round % entry->every)
				continue;
			shell(entry->name, entry->before);
			run(entries->name, entries->argv);
			cost = run(entry->name, entry->argv);
			shell(entry->name, entry->after);
			if (round >= 0)
				printf("%s\t%d\t%lld\t%ld\n", entry->name, round,
				       (long long)cost.nanoseconds, cost.kib);
		}
	return 0;
}
