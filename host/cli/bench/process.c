#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "file.h"
#include "interrupt.h"
#include "progress.h"

extern char **environ;

enum { MAX_VARIABLES = 8, MAX_LINE_BYTES = 1 << 20, READ_BYTES = 4096, WAIT_MS = 100 };

/* The environment with `variables` in front of those of the same name; free the array alone. */
static char **make_environment(const char *const variables[])
{
    size_t count = 0;
    while (environ[count])
        count++;
    char **all = malloc((count + MAX_VARIABLES + 1) * sizeof *all);
    if (!all)
        return NULL;
    size_t used = 0;
    for (size_t i = 0; variables && variables[i] && i < MAX_VARIABLES; i++)
        memcpy(&all[used++], &variables[i], sizeof all[0]); /* spawn writes to no string */
    const size_t added = used;
    for (size_t i = 0; i < count; i++) {
        int replaced = 0;
        for (size_t v = 0; v < added; v++)
            replaced |= strncmp(all[v], environ[i], strcspn(all[v], "=") + 1) == 0;
        if (!replaced)
            all[used++] = environ[i];
    }
    all[used] = NULL;
    return all;
}

/* Spawns with `end` as standard input and output; returns an error number. */
static int spawn(process *p, const char *const arguments[], int end, char **variables)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, end, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, end, STDOUT_FILENO);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    char *const *plain = NULL; /* POSIX forgot a const */
    memcpy(&plain, &arguments, sizeof plain);
    const int code = posix_spawn(&p->pid, arguments[0], &actions, &attributes, plain, variables);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return code;
}

clconv_status process_start(process *p, const char *const arguments[],
                            const char *const variables[], clconv_error *error)
{
    int ends[2];
    *p = (process){0};
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        return cli_error(error, CLCONV_DEVICE_FAILED, "socketpair: %s", strerror(errno));
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    char **environment = make_environment(variables);
    const int code = environment ? spawn(p, arguments, ends[1], environment) : ENOMEM;
    free(environment);
    close(ends[1]);
    if (code != 0) {
        close(ends[0]);
        p->pid = 0;
        return cli_error(error, CLCONV_INVALID_ARGUMENT, "%s: %s", arguments[0], strerror(code));
    }
    p->socket = ends[0];
    return CLCONV_OK;
}

clconv_status process_send(process *p, const char *text, clconv_error *error)
{
    size_t left = strlen(text);
    while (left > 0) {
        const ssize_t sent = send(p->socket, text, left, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return cli_error(error, CLCONV_DEVICE_FAILED, "it takes no requests: %s",
                             strerror(errno));
        text += sent;
        left -= (size_t)sent;
    }
    return CLCONV_OK;
}

/* Its output has ended: so must it. Fails always. */
static clconv_status describe_end(process *p, clconv_error *error)
{
    const struct timespec grace = {.tv_nsec = 50000000};
    int state = 0;
    pid_t ended = waitpid(p->pid, &state, WNOHANG);
    for (int i = 0; ended == 0 && i < 20; i++) {
        nanosleep(&grace, NULL);
        ended = waitpid(p->pid, &state, WNOHANG);
    }
    if (ended != p->pid) {
        process_kill(p);
        (void)cli_error(error, CLCONV_DEVICE_FAILED, "it closed its output");
        return CLCONV_DEVICE_FAILED; /* said again for the analyzer, which sees no other file */
    }
    close(p->socket);
    p->pid = 0;
    if (ended > 0 && WIFSIGNALED(state))
        return cli_error(error, CLCONV_DEVICE_FAILED, "it was killed by signal %d",
                         WTERMSIG(state));
    return cli_error(error, CLCONV_DEVICE_FAILED, "it ended without an answer, exit status %d",
                     WIFEXITED(state) ? WEXITSTATUS(state) : -1);
}

/* Reads what there is. */
static clconv_status read_more(process *p, clconv_error *error)
{
    if (p->capacity - p->length < READ_BYTES) {
        char *grown =
            p->capacity < MAX_LINE_BYTES ? realloc(p->buffer, p->capacity + 2 * READ_BYTES) : NULL;
        if (!grown)
            return cli_error(error, CLCONV_DEVICE_FAILED, "its answer is too long");
        p->buffer = grown;
        p->capacity += 2 * READ_BYTES;
    }
    const ssize_t count = recv(p->socket, p->buffer + p->length, READ_BYTES, 0);
    if (count < 0 && errno == EINTR)
        return CLCONV_OK;
    if (count <= 0)
        return describe_end(p, error);
    p->length += (size_t)count;
    return CLCONV_OK;
}

static void drop_last_line(process *p)
{
    if (p->consumed)
        memmove(p->buffer, p->buffer + p->consumed, p->length - p->consumed);
    p->length -= p->consumed;
    p->consumed = 0;
}

clconv_status process_read_line(process *p, double timeout_s, char **line, clconv_error *error)
{
    const uint64_t start = clock_ns();
    clconv_status status = CLCONV_OK;

    drop_last_line(p);
    while (status == CLCONV_OK) {
        char *end = p->length ? memchr(p->buffer, '\n', p->length) : NULL;
        if (end) {
            *end = '\0';
            *line = p->buffer;
            p->consumed = (size_t)(end - p->buffer) + 1;
            return CLCONV_OK;
        }
        if (interrupted())
            return cli_error(error, CLCONV_DEVICE_FAILED, "interrupted");
        if ((double)(clock_ns() - start) * 1e-9 > timeout_s)
            return cli_error(error, CLCONV_DEVICE_FAILED, "no answer within %g s", timeout_s);
        struct pollfd waiting = {.fd = p->socket, .events = POLLIN};
        if (poll(&waiting, 1, WAIT_MS) > 0)
            status = read_more(p, error);
    }
    return status;
}

static void forget(process *p)
{
    free(p->buffer);
    *p = (process){0};
}

void process_kill(process *p)
{
    if (p->pid > 0) {
        kill(-p->pid, SIGKILL);
        waitpid(p->pid, NULL, 0);
        close(p->socket);
    }
    forget(p);
}

void process_stop(process *p)
{
    const struct timespec pause = {.tv_nsec = 10000000};
    if (p->pid > 0)
        shutdown(p->socket, SHUT_WR);
    for (int i = 0; p->pid > 0 && i < 100; i++) {
        if (waitpid(p->pid, NULL, WNOHANG) == p->pid) {
            close(p->socket);
            p->pid = 0;
        } else {
            nanosleep(&pause, NULL);
        }
    }
    process_kill(p);
}
